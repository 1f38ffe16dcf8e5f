// Builds the binaries of the npm package: prebuilds/linux-ARCH/apparmor.LIBC.node and apparmor-launcher.
//
//   npm run prebuildify [-- --check] [-- --out DIR]
//
// Needs Debian 12 and what programs.js names; headers, libraries and libapparmor's sources come from
// Debian by pinned checksums (pins.js). --check builds into other directories and compares with what is
// there: the same sources make the same bytes.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildLauncher } from '../build-launcher.js'
import { compile } from './compile.js'
import { checkPrograms, run } from './programs.js'
import { nameOf, TARGETS } from './targets.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * @param {string} out
 * @returns {Promise<string[]>} the files, relative to `out`
 */
export async function prebuild(out) {
  checkPrograms()
  const work = mkdtempSync(join(tmpdir(), 'apparmor-prebuild-'))
  const files = []
  try {
    for (const target of TARGETS) {
      const file = nameOf(target)
      await compile(target, join(work, target.triple), join(out, file))
      files.push(file)
    }
  } finally {
    rmSync(work, { recursive: true })
  }
  for (const arch of new Set(TARGETS.map((target) => target.arch))) {
    mkdirSync(out, { recursive: true })
    buildLauncher({ arch, out, compiler: 'clang' })
    files.push(`linux-${arch}/apparmor-launcher`)
  }
  return files.sort()
}

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: { check: { type: 'boolean' }, out: { type: 'string' } },
  })
  const out = resolve(values.out ?? join(root, 'prebuilds'))
  if (!values.check) {
    rmSync(out, { recursive: true, force: true })
    const files = await prebuild(out)
    for (const file of files) console.log(`${readFileSync(join(out, file)).length}\t${file}`)
    console.log((await run('clang', ['--version'])).split('\n')[0])
    return
  }
  const again = mkdtempSync(join(tmpdir(), 'apparmor-prebuilds-'))
  try {
    const files = await prebuild(again)
    const differ = files.filter(
      (file) => !readFileSync(join(out, file)).equals(readFileSync(join(again, file))),
    )
    if (differ.length > 0) throw new Error(`other bytes than in ${out}: ${differ.join(', ')}`)
    console.log(`${files.length} files, built again: the same bytes`)
  } finally {
    rmSync(again, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main(process.argv.slice(2))
  } catch (error) {
    console.error(`prebuildify: ${/** @type {Error} */ (error).message}`)
    process.exitCode = 1
  }
}
