#!/usr/bin/env node
/** `npx apparmor`: the program. */
import { main } from './main.ts'

// Whoever read us has gone: end at once and without a word, as a program does that SIGPIPE ends.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(141)
    if (stream === process.stdout) process.stderr.write(`apparmor: ${error.message}\n`)
    process.exit(2)
  })
}

process.exitCode = await main(process.argv.slice(2), process)
