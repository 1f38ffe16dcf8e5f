// npm run bench: what the package claims about its speed, each claim against a named peer of the same
// run. Prints figures, decides nothing: a busy machine measures badly.
//
//   npm run bench [-- NAME…]    NAME being a program of bench/
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runUnderAppArmor } from './kernel.js'

/**
 * `where` is this machine, or a kernel that enforces AppArmor. `cc` compiles the peer, bench/NAME.c.
 *
 * @typedef {object} Bench
 * @property {string} name
 * @property {string} title
 * @property {string} against the peer
 * @property {'machine' | 'AppArmor'} where
 * @property {readonly string[]} [cc] further arguments of the C compiler, for a peer in C
 */

/** @type {readonly Bench[]} */
export const BENCHES = [
  {
    name: 'import',
    title: 'The import of the package',
    against: 'a program that imports nothing',
    where: 'machine',
  },
  {
    name: 'cli',
    title: 'The command apparmor status',
    against: 'Node’s own start',
    where: 'machine',
  },
  {
    name: 'commands',
    title: 'The commands apparmor status and apparmor exec',
    against: 'aa-status and aa-exec, and Node’s own start',
    where: 'AppArmor',
  },
  {
    name: 'log',
    title: 'The command apparmor log over 100 MB',
    against: 'a loop over records() of the same file',
    where: 'machine',
  },
  {
    name: 'policy',
    title: 'Reading and writing policy',
    against: 'none: bytes and rules a second',
    where: 'machine',
  },
  {
    name: 'sync',
    title: 'sync() of a directory of 200 files',
    against: 'apparmor_parser over the same directory',
    where: 'AppArmor',
  },
  {
    name: 'getcon',
    title: 'getcon()',
    against: 'a C loop over aa_getcon (bench/getcon.c), and readFileSync of the same file',
    where: 'AppArmor',
    cc: [],
  },
  {
    name: 'process',
    title: 'changeProfile() of a whole process, and withHat()',
    against: 'as many writes of the attribute, and aa_change_hat, in C (bench/process.c)',
    where: 'AppArmor',
    cc: [],
  },
  {
    name: 'spawn',
    title: 'A confined child',
    against: 'Node’s own spawn and spawnSync, and aa-exec',
    where: 'AppArmor',
  },
  {
    name: 'query',
    title: 'queryFile()',
    against: 'a C loop over aa_query_file_path (bench/query.c)',
    where: 'AppArmor',
    cc: [],
  },
  {
    name: 'status',
    title: 'status() with many profiles and processes',
    against: 'aa-status --json as a whole process',
    where: 'AppArmor',
  },
  {
    name: 'audit',
    title: 'parseRecord() and records()',
    against:
      'a C loop over libapparmor’s parse_record (bench/audit.c), its Python binding (bench/audit.py), and readline cutting 1 GB into lines',
    where: 'machine',
    cc: ['-I/usr/include/aalogparse'],
  },
]

/** @param {Bench} bench @param {NodeJS.ProcessEnv} env */
async function run({ name, title, where, cc }, env) {
  console.log(`\n${title}, ${where === 'machine' ? 'on this machine' : 'under AppArmor'}`)
  const command = [process.execPath, `bench/${name}.js`]
  if (cc) {
    const peer = `build/bench/${name}`
    mkdirSync('build/bench', { recursive: true })
    execFileSync('cc', ['-O2', ...cc, '-o', peer, `bench/${name}.c`, '-lapparmor'])
    command.push(peer)
  }
  if (where === 'machine') {
    const [file = '', ...args] = command
    execFileSync(file, args, { stdio: 'inherit', env })
    return
  }
  const status = await runUnderAppArmor(command, { timeout: 1800, env })
  if (status !== 0) throw new Error(`${name} ended with status ${status}`)
}

/**
 * @param {readonly string[]} names none means all
 * @param {NodeJS.ProcessEnv} env
 */
export async function runBenches(names, env = process.env) {
  const known = BENCHES.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no ${unknown}: ${known.join(' ')}`)
  for (const bench of BENCHES)
    if (names.length === 0 || names.includes(bench.name)) await run(bench, env)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)))
  try {
    await runBenches(process.argv.slice(2))
  } catch (error) {
    console.error(`bench: ${/** @type {Error} */ (error).message}`)
    process.exitCode = 1
  }
}
