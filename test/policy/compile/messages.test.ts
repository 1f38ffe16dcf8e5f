// What a compiler says becomes a finding with its place: the installed one's words, or those of the one that
// APPARMOR_PARSER names (npm run test:parsers).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, type Diagnostic } from 'apparmor/policy'
import t from 'tap'
import { parserVersion } from '#lib/policy/compile/parser.js'

const { APPARMOR_PARSER: parser } = process.env
const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(() => rmSync(dir, { recursive: true }))
const file = join(dir, 'policy')
const included = join(dir, 'included')
writeFileSync(included, '# fine\n/x rq,\n')

const inLine = (line: number, message: RegExp): object => ({
  severity: 'error',
  file,
  line,
  message,
})
const about = (profile: string | null, message: RegExp): object => ({
  severity: 'error',
  file,
  line: null,
  profile,
  message,
})
const warned = (message: RegExp): object => ({ severity: 'warning', file, message })

const CASES: readonly (readonly [text: string, ...found: object[]])[] = [
  ['profile a {\n  /x r,\n}\n'],
  ['profile a {\n  capability fly,\n}\n', inLine(2, /^Invalid capability fly\.$/)],
  ['profile a {\n  /x rq,\n}\n', inLine(2, /^syntax error/)],
  ['profile a {\n  /x r\n}\n', inLine(3, /^syntax error/)],
  ['profile a flags=(none) {\n}\n', inLine(1, /^Invalid profile flag: none\.$/)],
  ['profile a {\n  include <none>\n}\n', inLine(2, /^Could not open 'none'$/)],
  [
    `profile a {\n  include "${included}"\n}\n`,
    { severity: 'error', file: included, line: 2, message: /^syntax error/ },
  ],
  [
    'profile a {\n  /{x r,\n}\n',
    about(null, /^Regex grouping error/),
    about(null, /^Unable to parse input line '\/\{x'$/),
    about('a', /^ERROR processing regexs/),
  ],
  [
    'profile a {\n  /x px,\n  /x ix,\n}\n',
    about('a', /merged rule \/x with conflicting x modifiers$/),
    about('a', /^ERROR merging rules/),
  ],
  [
    'profile a {\n  /x* px,\n  /xy* ix,\n}\n',
    about(null, /conflicting x modifiers$/),
    about('a', /^ERROR processing regexs/),
  ],
  ['profile a {\n  @{NONE} r,\n}\n', { severity: 'error', file, line: null, message: /NONE/ }],
  ['profile a {\n}\nprofile a {\n}\n', about('a', /^Multiple definitions for profile a exist/)],
  ['profile a {\n  mount options=(none) /x,\n}\n', about(null, /^unsupported mount option/)],
  ['profile a {\n  /x RW,\n}\n', { ...warned(/deprecated/), line: 2 }],
  [
    'profile a {\n  dbus,\n}\n',
    { ...warned(/^dbus rules not enforced$/), line: null, profile: 'a' },
  ],
  [
    'profile a {\n  unix (connect) peer=(label=b),\n}\n',
    { ...warned(/^downgrading extended network unix socket rule/), line: null, profile: 'a' },
  ],
]

const findings = async (text: string): Promise<readonly Diagnostic[]> => {
  writeFileSync(file, text)
  const features = '/usr/share/apparmor-features/features'
  const options = { config: false, features, abi: features, ...(parser && { parser }) } as const
  const found = await check({ file }, options)
  return found.filter(({ source }) => source === 'apparmor_parser')
}

t.comment(`apparmor_parser ${(await parserVersion(parser)).join('.')}`)
for (const [text, ...wanted] of CASES) {
  t.test(`what is said of ${JSON.stringify(text).replaceAll(dir, '')}`, async (t) => {
    const found = await findings(text)
    t.match(found.slice(0, wanted.length), wanted)
    // An older compiler ends at the first mistake.
    t.equal(found.length > 0, wanted.length > 0, JSON.stringify(found))
  })
}
