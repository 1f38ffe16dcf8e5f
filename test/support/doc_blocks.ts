import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A block of code in a page or in an `@example`. */
export interface Block {
  /** `docs/policy.md:12`: where its first line is. */
  readonly at: string
  readonly language: string
  readonly text: string
  /** Why nothing runs it, as the page says: `<!-- not run: … -->` on the line before. */
  readonly notRun: string | null
  /** Whether it goes on where the block before has ended: `<!-- continues -->`. */
  readonly continues: boolean
  /** What the reader is to save it as: `<!-- file: NAME -->`. */
  readonly file: string | null
}

const FENCE = /^(?<indent> *)```(?<language>\w*)[^\n]*\n(?<text>.*?)^\k<indent>```$/gms
const NOTE = /<!-- (?<note>continues|(?:not run|file): [^>]+?) -->\n\s*$/

const lineOf = (text: string, index: number) => text.slice(0, index).split('\n').length + 1

const after = (mark: string, note: string) =>
  note.startsWith(mark) ? note.slice(mark.length) : null

function blocksIn(file: string, page: string): readonly Block[] {
  return Array.from(page.matchAll(FENCE), (match) => {
    const { indent = '', language = '', text = '' } = match.groups ?? {}
    const note = NOTE.exec(page.slice(0, match.index))?.groups?.['note'] ?? ''
    return {
      at: `${file}:${lineOf(page, match.index)}`,
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      notRun: after('not run: ', note),
      continues: note === 'continues',
      file: after('file: ', note),
    }
  })
}

// Other comments become empty lines, so that line numbers stay.
const docstrings = (source: string) =>
  source
    .split('\n')
    .map((line) => /^ *\* ?(.*)$/.exec(line)?.[1] ?? '')
    .join('\n')

const filesIn = (directory: string, ending: string): readonly string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending) && !file.includes('node_modules/'))
    .map((file) => join(directory, file))
    .sort()

const blocksOf = (file: string, toPage = (text: string) => text) =>
  blocksIn(file, toPage(readFileSync(file, 'utf8')))

/** Every block of the pages that people read. */
export const pageBlocks = (): readonly Block[] =>
  [
    'README.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    ...filesIn('docs', '.md'),
    ...filesIn('examples', '.md'),
  ]
    .filter((file) => !file.startsWith('docs/api/'))
    .flatMap((file) => blocksOf(file))

/** Every block of the docstrings. */
export const exampleBlocks = (): readonly Block[] =>
  filesIn('lib', '.ts').flatMap((file) => blocksOf(file, docstrings))
