// Runs every gate of a release, one after the other, and stops at the first that fails. The binaries have to be there
// already: npm run prebuildify.
//
//   npm run release:check [-- GATE…]
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const PLACEHOLDER = /example\.invalid/
const { version, scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
const run = (/** @type {string} */ script) => /** @type {const} */ ([script, ['run', script]])

/** Every command that tests or checks something is a gate, by its own name. @type {Record<string, string[]>} */
const GATES = {
  lint: ['run', 'lint'],
  test: ['test'],
  ...Object.fromEntries(Object.keys(scripts).filter(isGate).map(run)),
  binaries: ['run', 'prebuildify', '--', '--check'],
  docs: ['run', 'docs'],
  publish: ['publish', '--dry-run', '--tag', version.includes('-') ? 'next' : 'latest'],
}

/** @param {string} script */
function isGate(script) {
  return /^(test|check):/.test(script)
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in GATES))
if (unknown.length > 0) {
  console.error(`release: no gate ${unknown}: ${Object.keys(GATES).join(' ')}`)
  process.exit(2)
}

for (const file of ['SECURITY.md', 'CODE_OF_CONDUCT.md'])
  if (PLACEHOLDER.test(readFileSync(file, 'utf8')))
    console.error(`release: ${file} still has a placeholder for an address`)

for (const [name, args] of Object.entries(GATES)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  console.error(`release: ${name}: npm ${args.join(' ')}`)
  const { status } = spawnSync('npm', args, { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`release: ${name} failed`)
    process.exit(1)
  }
}
console.error(`release: ${version} has passed`)
