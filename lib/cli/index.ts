#!/usr/bin/env node
/** `npx apparmor`: the program. */
import { main } from './main.ts'

type Name = 'stdout' | 'stderr'

const open: Partial<Record<Name, NodeJS.WriteStream>> = {}

/** Made when it is needed: Node takes long for each. */
function stream(name: Name): NodeJS.WriteStream {
  const known = open[name]
  if (known) return known
  const made = process[name]
  open[name] = made
  made.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read us has gone: end at once and without a word, as a program does that SIGPIPE ends.
    if (error.code === 'EPIPE') process.exit(141)
    if (name === 'stdout') process.stderr.write(`apparmor: ${error.message}\n`)
    process.exit(2)
  })
  return made
}

process.exitCode = await main(process.argv.slice(2), {
  get stdout() {
    return stream('stdout')
  },
  get stderr() {
    return stream('stderr')
  },
  get stdin() {
    return process.stdin
  },
  env: process.env,
})
