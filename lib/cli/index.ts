#!/usr/bin/env node
/** `npx apparmor`: the program. */
import { main } from './main.ts'

// Whoever read us has gone: end at once and without a word, as a program does that SIGPIPE ends.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 141 : 2)
  })
}

process.exitCode = await main(process.argv.slice(2), process)
