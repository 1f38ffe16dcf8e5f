// Runs a test of confinement (test/guest/cell.ts) with each version of Node.js, on each kernel, with each
// libapparmor that is supported, and prints a table.
//
//   npm run test:matrix [-- --kernel K,…] [-- --node V,…] [-- --library L,…]
//
// Nodes come from npm, kernels and libraries from Debian; a kernel that is not here is fetched. For
// libraries 3.0, 4.1 and 5.0 the addon is built from source against that version; "prebuilt" is the
// binary of prebuilds/.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildTests } from './build-ts.js'
import { runGuest } from './guest/guest.js'
import { LIBRARIES, packageFor } from './matrix/library.js'
import { nodeProgram } from './node-program.js'

const NODES = ['20', '22', '24', '26']
const KERNELS = ['6.1', '6.12', '7.2', 'smp']
const PROFILES = 'test/guest/profiles/process.profile'

/**
 * Runs in the guest. The library and the C library it was built for are laid over the system's, where no
 * one else sees them. mount does it in one process: between two, the C library and its loader would not fit.
 * What a confined process writes to is opened in there: a file from another mount namespace has no path.
 */
const SCRIPT = `
apparmor_parser -r -K ${PROFILES} || exit
cell() {
  fstab=$1 program=$2 name=$3 node=$4
  unshare -m sh -c \
    '[ ! -s "$1" ] || mount -a -T "$1" && exec "$2" "$3" < /dev/null > /tmp/out 2> /tmp/err' sh \
    "$fstab" "$node" "$program"
  status=$?
  echo "cell $name $status $(tail -n 1 /tmp/out) $(grep -m 1 Error /tmp/err)"
  [ $status = 0 ] || cat /tmp/err >&2
}
echo "release $(uname -r)"
`

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const list = { type: /** @type {const} */ ('string') }
const { kernel, node, library } = parseArgs({
  options: { kernel: list, node: list, library: list },
}).values
const wanted = (/** @type {string | undefined} */ option, /** @type {readonly string[]} */ all) =>
  option === undefined ? all : option.split(',')
const kernels = wanted(kernel, KERNELS)
const nodes = wanted(node, NODES)
const libraries = wanted(
  library,
  Object.keys(LIBRARIES).filter((name) => name !== 'prebuilt' || existsSync('prebuilds/linux-x64')),
)

/** @param {string} kernel */
function fetchKernel(kernel) {
  const { status } = spawnSync(process.execPath, ['tools/guest/kernels.js', kernel], {
    stdio: ['ignore', 2, 2],
  })
  return status === 0
}

/**
 * @param {string} kernel
 * @param {string} script
 * @returns {Promise<{ release: string, cells: Map<string, { ok: boolean, said: string }> }>}
 */
async function boot(kernel, script) {
  let output = ''
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      output += chunk
      done()
    },
  })
  const installed = kernel === '6.1' && existsSync('/usr/bin/linux.uml')
  if (!installed && !fetchKernel(kernel)) throw new Error(`kernel ${kernel} cannot be had`)
  const { failure } = await runGuest(['sh', '-c', script], {
    kernel,
    stdout,
    timeout: 3600,
  })
  if (failure) process.stderr.write(`${kernel}: ${failure}\n`)
  const cells = Array.from(
    output.matchAll(/^cell (\S+) (\d+) (.*)$/gm),
    ([, name = '', status, said = '']) =>
      /** @type {const} */ ([
        name,
        { ok: status === '0' && said.startsWith('ok: '), said: said.trim() },
      ]),
  )
  return { release: /^release (.*)$/m.exec(output)?.[1] ?? '?', cells: new Map(cells) }
}

const built = libraries.map((name) => ({ name, ...packageFor(name) }))
const programs = nodes.map((version) => ({ version, program: nodeProgram(version) }))
buildTests()
for (const { prepare } of built) prepare('build/test')

const lines = built.flatMap(({ name, fstab, directory }) =>
  programs.map(({ version, program }) => {
    const file = join(directory, 'test/guest/cell.js')
    return `cell ${fstab} ${file} ${name}/${version} ${program}`
  }),
)
const versions = programs.map(({ program }) =>
  execFileSync(program, ['--version'], { encoding: 'utf8' }).trim(),
)
const [passed, failed] = [[], /** @type {string[]} */ ([])]
console.log(
  `| kernel | libapparmor | ${versions.map((version) => `Node ${version}`).join(' | ')} |`,
)
console.log(`| --- | --- |${versions.map(() => ' --- |').join('')}`)
for (const kernel of kernels) {
  const { release, cells } = await boot(kernel, SCRIPT + lines.join('\n'))
  for (const { name, version } of built) {
    const results = nodes.map((node) => {
      const { ok = false, said = 'did not run' } = cells.get(`${name}/${node}`) ?? {}
      if (ok) passed.push(said)
      else failed.push(`${kernel}, libapparmor ${name}, Node ${node}: ${said}`)
      return ok ? 'passed' : 'FAILED'
    })
    const what = kernel === 'smp' ? `${release}, 2 CPUs` : release
    console.log(
      `| ${what} | ${name === 'prebuilt' ? 'prebuilt' : version} | ${results.join(' | ')} |`,
    )
  }
}
for (const line of failed) console.error(`✗ ${line}`)
console.log(`${passed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length === 0 && passed.length > 0 ? 0 : 1
