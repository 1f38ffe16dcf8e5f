// Draws what a terminal shows: the console block of an example's README, which a kernel test runs.
//
//   node tools/docs/picture.js [--write]
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const PICTURE = 'docs/public/thread-leak.svg'
const SOURCE = 'examples/thread-leak/README.md'
const WIDTH = 640
const LINE = 22
const HEAD = 44

const escape = (/** @type {string} */ text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(' ', '\u00a0')

function colourOf(/** @type {string} */ line) {
  if (line.startsWith('$ ')) return '#8ab4f8'
  if (line.includes('EACCES')) return '#7ee787'
  if (line.includes('reads /etc/shadow')) return '#ff7b72'
  return '#e6edf3'
}

/** @param {string} console what the terminal shows */
export function draw(console) {
  const lines = console.trimEnd().split('\n')
  const height = HEAD + lines.length * LINE + 12
  const texts = lines.map((line, index) => {
    const y = HEAD + (index + 1) * LINE - 8
    return `  <text x="20" y="${y}" fill="${colourOf(line)}">${escape(line)}</text>`
  })
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, index) => `  <circle cx="${24 + index * 20}" cy="22" r="6" fill="${fill}"/>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="15">`,
    `  <title>A terminal: changing one thread leaks, changing the process does not</title>`,
    `  <rect width="${WIDTH}" height="${height}" rx="10" fill="#0d1117" stroke="#30363d"/>`,
    ...dots,
    ...texts,
    '</svg>\n',
  ].join('\n')
}

/** The picture as it has to be. */
export function picture() {
  const page = readFileSync(SOURCE, 'utf8')
  const shown = /^```console\n(.*?)^```$/ms.exec(page)?.[1] ?? ''
  const from = shown.indexOf('$ node')
  return draw(shown.slice(from))
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === '--write')
  writeFileSync(PICTURE, picture())
