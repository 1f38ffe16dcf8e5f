// npm run bench: what the package claims about its speed, each claim against a named peer of the same
// run. Prints figures, decides nothing: a busy machine measures badly.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runUnderAppArmor } from './kernel.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

function buildPeer() {
  mkdirSync('build/bench', { recursive: true })
  const peer = 'build/bench/getcon'
  execFileSync('cc', ['-O2', '-o', peer, 'bench/getcon.c', '-lapparmor'], { stdio: 'inherit' })
  return peer
}

try {
  console.log('Start, on this machine')
  execFileSync(process.execPath, ['bench/import.js'], { stdio: 'inherit' })
  console.log('\nLabel of the own thread, under AppArmor')
  process.exitCode = await runUnderAppArmor([process.execPath, 'bench/getcon.js', buildPeer()])
} catch (error) {
  console.error(`bench: ${error.message}`)
  process.exitCode = 1
}
