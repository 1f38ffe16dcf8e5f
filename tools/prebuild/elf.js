import { execFileSync } from 'node:child_process'

/**
 * @typedef {object} Elf
 * @property {string} type `DYN`, `EXEC`
 * @property {string} machine
 * @property {readonly { type: string, flags: string }[]} segments flags as in "R E"
 * @property {readonly string[]} sections
 * @property {readonly string[]} needed
 * @property {readonly string[]} tags the names of the dynamic section's entries
 * @property {string} flags of the dynamic section
 * @property {string} properties what the code is marked to be fit for
 * @property {readonly { name: string, version: string | null }[]} imports
 * @property {readonly string[]} exports
 */

/**
 * @param {string} file
 * @returns {Elf}
 */
export function readElf(file) {
  const text = execFileSync('readelf', ['-WhSldn', '--dyn-syms', file], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 24,
  })
  const all = (/** @type {RegExp} */ pattern) =>
    Array.from(text.matchAll(pattern), (found) => found)
  const list = (/** @type {RegExp} */ pattern) => all(pattern).map(([, first = '']) => first)
  const first = (/** @type {RegExp} */ pattern) => pattern.exec(text)?.[1] ?? ''
  const symbols = all(/^ +\d+: [0-9a-f]+ +\d+ \w+ +(?:GLOBAL|WEAK) +\w+ +(\w+) (\S+)/gm).map(
    ([, section, name = '']) => ({ section, name }),
  )
  return {
    type: first(/^ +Type: +(\w+)/m),
    machine: first(/^ +Machine: +(.*)$/m),
    segments: all(
      /^ {2}([A-Z_]+) +0x[0-9a-f]+ 0x[0-9a-f]+ 0x[0-9a-f]+ 0x[0-9a-f]+ 0x[0-9a-f]+ ([RWE ]+?) +(?:0x)?[0-9a-f]+$/gm,
    ).map(([, type = '', flags = '']) => ({ type, flags })),
    sections: list(/^ +\[ *\d+\] (\.\S+)/gm),
    needed: list(/\(NEEDED\) +Shared library: \[(.*)\]/g),
    tags: list(/^ 0x[0-9a-f]+ \((\w+)\)/gm),
    flags: list(/\(FLAGS(?:_1)?\) +(.*)/g).join(' '),
    properties: list(/Properties: +(.*)/g).join(' '),
    imports: symbols
      .filter(({ section }) => section === 'UND')
      .map(({ name }) => {
        const [bare = '', version = null] = name.split(/@+/)
        return { name: bare, version }
      }),
    exports: symbols
      .filter(({ section }) => section !== 'UND')
      .map(({ name }) => name.replace(/@.*/, '')),
  }
}
