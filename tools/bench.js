// npm run bench: what the package claims about its speed, each claim against a named peer of the same
// run. Prints figures, decides nothing: a busy machine measures badly.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runUnderAppArmor } from './kernel.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

/**
 * @param {string} title
 * @param {string} name a program of bench/, with a peer in C
 */
async function runWithPeer(title, name) {
  console.log(`\n${title}`)
  mkdirSync('build/bench', { recursive: true })
  const peer = `build/bench/${name}`
  execFileSync('cc', ['-O2', '-o', peer, `bench/${name}.c`, '-lapparmor'], { stdio: 'inherit' })
  const status = await runUnderAppArmor([process.execPath, `bench/${name}.js`, peer], {
    timeout: 900,
  })
  if (status !== 0) throw new Error(`${name} ended with status ${status}`)
}

try {
  console.log('Start, on this machine')
  execFileSync(process.execPath, ['bench/import.js'], { stdio: 'inherit' })
  execFileSync(process.execPath, ['bench/cli.js'], { stdio: 'inherit' })
  console.log('\nPolicy, on this machine')
  execFileSync(process.execPath, ['bench/policy.js'], { stdio: 'inherit' })
  const synced = await runUnderAppArmor([process.execPath, 'bench/sync.js'], { timeout: 1800 })
  if (synced !== 0) throw new Error(`sync ended with status ${synced}`)
  await runWithPeer('Label of the own thread, under AppArmor', 'getcon')
  await runWithPeer('The whole process, and hats, under AppArmor', 'process')
  console.log('\nConfined children, under AppArmor')
  const spawn = await runUnderAppArmor([process.execPath, 'bench/spawn.js'], { timeout: 900 })
  if (spawn !== 0) throw new Error(`spawn ended with status ${spawn}`)
  await runWithPeer('Questions about rules, under AppArmor', 'query')
  console.log('\nWhat is loaded and what is confined, under AppArmor')
  const seen = await runUnderAppArmor([process.execPath, 'bench/status.js'], { timeout: 900 })
  if (seen !== 0) throw new Error(`status ended with status ${seen}`)
  console.log('\nThe audit log, on this machine')
  const headers = ['-I/usr/include/aalogparse']
  execFileSync('cc', ['-O2', ...headers, '-o', 'build/bench/audit', 'bench/audit.c', '-lapparmor'])
  execFileSync(process.execPath, ['bench/audit.js', 'build/bench/audit'], { stdio: 'inherit' })
} catch (error) {
  console.error(`bench: ${error.message}`)
  process.exitCode = 1
}
