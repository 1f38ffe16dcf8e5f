// Confines its thread and connects to a unix socket: client.js PROFILE PATH
import { connect } from 'node:net'
import { changeProfile } from 'apparmor'

const [, , profile = '', path = ''] = process.argv
changeProfile(profile, { scope: 'thread' })
connect(path)
  .on('error', () => process.exit())
  .on('close', () => process.exit())
