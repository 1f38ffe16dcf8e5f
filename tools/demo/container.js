import { spawnSync } from 'node:child_process'
import { changeOnexec } from 'apparmor'

changeOnexec('docker-profile-test') // for the next program that this one executes
spawnSync('/bin/bash', process.argv.slice(2), { stdio: 'inherit' })
