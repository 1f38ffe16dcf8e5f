// Whether apparmor_parser reads what we read, and refuses what we refuse. With APPARMOR_PARSERS, APPARMOR_MUTANTS and
// APPARMOR_SEED it is npm run test:policy: more compilers, more texts.
import { spawnSync } from 'node:child_process'
import { format, parseProfile, PolicySyntaxError, supports, type Policy } from 'apparmor/policy'
import t from 'tap'
import {
  distributedTexts,
  generate,
  mutate,
  ownRules,
  ownTexts,
  PREAMBLE,
} from '../support/mutants.ts'
import { Random } from '../support/random.ts'

const { APPARMOR_PARSERS = '', APPARMOR_MUTANTS = '200', APPARMOR_SEED = '1' } = process.env
const SHOWN = 20
const isShort = APPARMOR_PARSERS === ''
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`
const FLAGS = ['--config-file=/dev/null', '-M', '/usr/share/apparmor-features/features', '-QK']
const PARSERS = ['apparmor_parser', ...APPARMOR_PARSERS.split(':').filter((one) => one !== '')].map(
  (program) => {
    const { stdout } = spawnSync(program, ['--version'], { env: { PATH }, encoding: 'utf8' })
    return { program, version: /version ([\d.]+)/.exec(stdout)?.[1] ?? '' }
  },
)

if (!isShort) t.setTimeout(3_600_000)
const random = new Random(Number(APPARMOR_SEED))
const rules = ownRules().filter((rule) =>
  ask(`${PREAMBLE}profile x {\n${rule}\n}\n`, '-N').some(({ reads }) => reads),
)
const words = rules.flatMap((rule) => rule.split(/\s+/))

interface Answer {
  readonly version: string
  readonly reads: boolean
  readonly binary: Buffer
  readonly error: string
}

function ask(text: string, ...flags: readonly string[]): readonly Answer[] {
  return PARSERS.map(({ program, version }) => {
    const { status, stdout, stderr } = spawnSync(program, [...FLAGS, ...flags], {
      input: text,
      env: { PATH, LC_ALL: 'C' },
      timeout: 60_000,
      maxBuffer: 64 << 20,
    })
    return { version, reads: status === 0, binary: stdout, error: String(stderr) }
  })
}

function read(text: string): Policy | PolicySyntaxError {
  try {
    return parseProfile(text)
  } catch (error) {
    if (error instanceof PolicySyntaxError) return error
    throw error
  }
}

/** What docs/policy.md says where we differ: what we read and no compiler does. */
const WE_READ: readonly (readonly [reason: string, error: RegExp])[] = [
  [
    'variables declared twice, or never',
    /already (?:exists|defined)|never declared|Failed to find declaration|was not previously declared|Unset boolean|Invalid boolean/,
  ],
  ['execution in a condition in a block', /'x' must (?:not )?be preceded/],
  ['a file that is not there', /Could not open|failed to find features abi/],
  ['what an included file holds', /unexpected TOK_ABI|unexpected character: '\x7f'/],
]

/** And what a compiler reads and we do not. */
/** What the oldest compiler refuses, beside the rules that are newer. */
const OLD: readonly RegExp[] = [/deny prefix not allowed/, /'x' must be preceded/, /^$/]

const THEY_READ: readonly (readonly [reason: string, text: RegExp])[] = [
  [
    'io_uring with a word that is no permission',
    /io_uring (?:\((?!(?:[,\s]*(?:sqpoll|override_creds))*[,\s]*\))|(?!sqpoll|override_creds|label)\w)/,
  ],
  // The value of a boolean goes on behind the line for 5.0.
  [
    'a boolean with more than a value and a condition',
    /^\$\{?\w+\}?\s*(?:[?:+]?=[ \t]*(?:(?:#.*)?\r?\n|(?:true|false)[ \t]+[^#\s])|[?:+]=)/im,
  ],
  ['a comparison with a word that is none', /==\s*[^\w@"'/]/],
  ['a condition that is given twice', /\b(\w+)=\S+\s+\1=/],
  ['a carriage return inside of a line', /\r(?!\n)/],
  ["'x' alone with a target, which 3.0 takes", /\bx -> /],
]

function explain(
  text: string,
  ours: Policy | PolicySyntaxError,
  answers: readonly Answer[],
): string | undefined {
  if (ours instanceof PolicySyntaxError) return THEY_READ.find(([, known]) => known.test(text))?.[0]
  const reasons = answers.map((one) => {
    const [known] = WE_READ.find(([, error]) => error.test(one.error)) ?? []
    return known ?? (isNewerThan(one, ours) ? 'newer than the compiler' : undefined)
  })
  // The newest compiler's reason: an older one may also have that the rules are newer.
  return reasons.includes(undefined) ? undefined : reasons.at(-1)
}

function isNewerThan({ version, error }: Answer, ours: Policy): boolean {
  const refused = supports(ours, { parser: version }).rules.some(({ level }) => level === 'none')
  return refused || (version.startsWith('3.') && OLD.some((one) => one.test(error)))
}

t.test('mutants: read and refused as apparmor_parser does', async (t) => {
  const texts = isShort ? [] : [...ownTexts(), ...distributedTexts()].map(({ text }) => text)
  let [same, refused] = [0, 0]
  const known = new Map<string, number>()
  const odd: string[] = []
  for (let i = 0; i < Number(APPARMOR_MUTANTS); i++) {
    const source = i % 4 > 0 || texts.length === 0 ? generate(random, rules) : random.pick(texts)
    const text = i % 5 === 0 ? source : mutate(random, source, words)
    const ours = read(text)
    const answers = ask(text, '-N')
    if (ours instanceof PolicySyntaxError) refused++
    if (answers.some(({ reads }) => reads) !== ours instanceof PolicySyntaxError) {
      same++
      continue
    }
    const reason = explain(text, ours, answers)
    if (reason !== undefined) known.set(reason, (known.get(reason) ?? 0) + 1)
    else
      odd.push(
        `${ours instanceof PolicySyntaxError ? ours.message : answers.map(({ error }) => error).join('')}\n${text}`,
      )
  }
  t.comment(
    `${same} of ${APPARMOR_MUTANTS} alike (seed ${APPARMOR_SEED}, ${refused} refused); known: ${JSON.stringify(Object.fromEntries(known))}`,
  )
  t.comment(`apparmor_parser ${PARSERS.map(({ version }) => version).join(', ')}`)
  t.ok(refused > 0 && refused < Number(APPARMOR_MUTANTS), 'some are read, some are refused')
  t.strictSame(odd.slice(0, SHOWN), [], `${odd.length} not alike`)
})

/** Whether a text means the same when it is written anew; nothing where no compiler takes it. */
function compilesAlike(text: string, anew: string): boolean | undefined {
  const [before, after] = [ask(text, '-S'), ask(anew, '-S')]
  const pairs = before.map((one, i) => [one, after[i] as Answer] as const)
  const read = pairs.filter(([one]) => one.reads)
  if (read.length === 0) return undefined
  return read.every(([one, other]) => one.binary.equals(other.binary))
}

t.test(
  'what is read is written as it was, and means the same when it is written anew',
  async (t) => {
    const made = Array.from({ length: isShort ? 25 : 300 }, () => generate(random, rules))
    const texts = [...ownTexts(), ...(isShort ? [] : distributedTexts())].map(({ text }) => text)
    let [compiled, alone] = [0, 0]
    const odd: string[] = []
    for (const text of [...texts, ...made]) {
      const policy = read(text)
      // Of rules that were put together some do not fit: those are for the test above.
      if (policy instanceof PolicySyntaxError) continue
      if (format(policy) !== text) odd.push(`not as it was: ${text}`)
      const anew = format(policy, { anew: true })
      if (format(parseProfile(anew), { anew: true }) !== anew) odd.push(`not fixed: ${anew}`)
      const same = compilesAlike(text, anew)
      if (same === undefined) alone++
      else compiled++
      if (same === false) odd.push(`another binary: ${text}${anew}`)
    }
    t.comment(`${compiled} compiled to the same bytes, ${alone} are taken by no compiler here`)
    t.ok(compiled > alone)
    t.strictSame(odd.slice(0, SHOWN), [], `${odd.length} not alike`)
  },
)
