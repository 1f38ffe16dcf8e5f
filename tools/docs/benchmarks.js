// Runs the whole bench, and makes docs/benchmarks.json, the page and its plots of what it measured. It takes about 25
// minutes, and wants a quiet machine.
//
//   npm run docs:benchmarks                 run, and write all of them
//   npm run docs:benchmarks -- --page       write the page and the plots anew, from docs/benchmarks.json
//   npm run docs:benchmarks -- NAME…        try it: only these, into build/benchmarks
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BENCHES, runBenches } from '../bench.js'
import { chooseKernel, runUnderAppArmor } from '../kernel.js'
import { draw } from './plot.js'

const FACTS = 'build/bench/facts.jsonl'

/** @typedef {{ bench: string, claim: string, figure: string, limit: string, holds: boolean }} Figure */
/** @typedef {{ bench: string, plot: import('./plot.js').Plot }} Drawing */
/** @typedef {Readonly<Record<string, string>>} Machine */
/** @typedef {{ machine: Machine, figures: readonly Figure[], plots: readonly Drawing[] }} Results */

/** @param {readonly string[]} names none means all @returns {Promise<Results>} */
export async function measure(names) {
  mkdirSync('build/bench', { recursive: true })
  rmSync(FACTS, { force: true })
  writeFileSync(FACTS, '')
  await runBenches(names, { ...process.env, APPARMOR_BENCH_RESULTS: FACTS })
  const facts = readFileSync(FACTS, 'utf8').trim().split('\n').filter(Boolean)
  const found = facts.map((line) => JSON.parse(line))
  return {
    machine: await machine(),
    figures: found.filter((fact) => 'claim' in fact),
    plots: found.filter((fact) => 'plot' in fact),
  }
}

/** @returns {Promise<Machine>} */
async function machine() {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const processors = cpus()
  const file = 'build/bench/kernel'
  const kernel = ['sh', '-c', `{ uname -rs; nproc; } > ${file}`]
  if ((await runUnderAppArmor(kernel, {})) !== 0) throw new Error('no kernel with AppArmor')
  const [name, count] = readFileSync(file, 'utf8').trim().split('\n')
  const parser = execFileSync('apparmor_parser', ['--version'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  })
  const isGuest = chooseKernel() === 'guest'
  return {
    'this package': version,
    date: new Date().toISOString().slice(0, 10),
    processor: `${processors[0]?.model.trim()}, ${processors.length} processors, ${Math.round(totalmem() / 1e9)} GB`,
    'the machine’s kernel': `Linux ${release()}`,
    'the kernel with AppArmor': `${name}, ${count} processor${count === '1' ? '' : 's'}${isGuest ? ', in a guest (user-mode Linux)' : ''}`,
    'Node.js': process.version,
    apparmor_parser: parser.split('\n')[0] ?? '',
  }
}

/** @param {readonly (readonly string[])[]} rows */
const table = ([head = [], ...rows]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

/**
 * The page and its plots, by their names below docs. Without results the page only says what is measured.
 *
 * @param {Results} results
 */
export function pages({ machine, figures, plots }) {
  const isMeasured = figures.length > 0
  const drawn = plots.map(({ bench, plot }) => {
    const { title = bench } = BENCHES.find(({ name }) => name === bench) ?? {}
    return { bench, file: `public/bench-${plot.name}.svg`, title: `${title}: ${plot.y}`, plot }
  })
  const sections = BENCHES.map(({ name, title, against, where }) => {
    const own = figures.filter(({ bench }) => bench === name)
    const rows = own.map(({ claim, figure, limit, holds }) => [
      claim,
      figure,
      limit,
      holds ? 'yes' : '**no**',
    ])
    const images = drawn.filter(({ bench }) => bench === name)
    return [
      `## ${title}`,
      `Peer: ${against}. It runs ${where === 'machine' ? 'on the machine itself' : 'under the kernel with AppArmor'}.`,
      `<!-- not run: it measures for minutes -->\n\n\`\`\`sh\nnpm run bench -- ${name}\n\`\`\``,
      ...(own.length > 0 ? [table([['what', 'measured', 'claim', 'holds'], ...rows])] : []),
      ...images.map((one) => `<img src="./${one.file}" width="640" alt="${one.title}">`),
    ].join('\n\n')
  })
  const isGuest = Object.values(machine).some((value) => value.includes('in a guest'))
  const page = [
    '# Benchmarks',
    '<!-- written by tools/docs/benchmarks.js from docs/benchmarks.json -->',
    isMeasured ? MEASURED : UNMEASURED,
    ...(isMeasured ? [table([['', ''], ...Object.entries(machine)])] : []),
    ...(isGuest ? [IN_A_GUEST] : []),
    ...sections,
    `## More figures\n\n${ELSEWHERE}`,
  ]
  return new Map([
    ['benchmarks.md', `${page.join('\n\n')}\n`],
    ...drawn.map(({ file, plot, title }) => /** @type {const} */ ([file, draw(plot, title)])),
  ])
}

const UNMEASURED = `\`npm run bench\` measures on your machine. If there is a peer, the figure is a ratio to it, and the two take turns within
one run. Absolute times say more about the machine than about the program.`

const MEASURED = `Every figure on this page comes from one run of \`npm run bench\`, which prints the same figures for your machine. If there
is a peer, the figure is a ratio to it, and the two take turns within the run. Absolute times say more about the machine than
about the program.`

const IN_A_GUEST = `In a guest a system call costs much more than on a real machine. That is the worst case for this package: it makes system
calls where other programs call into a library.`

const ELSEWHERE = `[Threads](threads.md#tried) has the figures of long runs under load, and
[Containers](containers.md#the-same-policy-on-every-node) what the agent of a cluster costs a node.`

/** @param {Results} results @param {string} directory */
function write(results, directory) {
  mkdirSync(join(directory, 'public'), { recursive: true })
  writeFileSync(join(directory, 'benchmarks.json'), `${JSON.stringify(results, null, 2)}\n`)
  for (const [name, text] of pages(results)) writeFileSync(join(directory, name), text)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(fileURLToPath(new URL('../..', import.meta.url)))
  const names = process.argv.slice(2)
  try {
    if (names[0] === '--page')
      write(JSON.parse(readFileSync('docs/benchmarks.json', 'utf8')), 'docs')
    else write(await measure(names), names.length === 0 ? 'docs' : 'build/benchmarks')
  } catch (error) {
    console.error(`docs:benchmarks: ${/** @type {Error} */ (error).message}`)
    process.exitCode = 1
  }
}
