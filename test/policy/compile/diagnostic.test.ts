import fc from 'fast-check'
import t from 'tap'
import { readDiagnostics } from '#lib/policy/compile/diagnostic.js'
import '../../support/seed.ts'

const TEXT = { argument: '/dev/stdin', file: null }
const FILE = { argument: '/srv/policy/web', file: '/srv/policy/web' }

const shapes = (text: string, failed = true, input: typeof FILE | typeof TEXT = FILE): unknown =>
  readDiagnostics(text, failed, input).map(({ severity, message, file, line, profile }) => ({
    severity,
    message,
    file,
    line,
    profile,
  }))

t.test('an error of the grammar has its file and line', async (t) => {
  t.strictSame(
    shapes(
      'AppArmor parser error for /srv/policy/web in profile /etc/apparmor.d/abstractions/base at line 7: syntax error, unexpected TOK_ID\n',
    ),
    [
      {
        severity: 'error',
        message: 'syntax error, unexpected TOK_ID',
        file: '/etc/apparmor.d/abstractions/base',
        line: 7,
        profile: null,
      },
    ],
  )
})

t.test('text has no file, but what it includes has', async (t) => {
  const error = (file: string): string =>
    `AppArmor parser error for /dev/stdin in profile ${file} at line 3: Could not open 'x'\n`
  const place = (text: string): unknown =>
    readDiagnostics(text, true, TEXT).map(({ file, line }) => ({ file, line }))
  t.strictSame(place(error('/dev/stdin')), [{ file: null, line: 3 }])
  t.strictSame(place(error('/srv/include')), [{ file: '/srv/include', line: 3 }])
  t.strictSame(place('AppArmor parser error at line 3: bad\n'), [{ file: null, line: 3 }])
})

t.test('a name given to text takes the place of the standard input', async (t) => {
  const text = 'Warning from /dev/stdin (/dev/stdin line 1): deprecated\n'
  const [found] = readDiagnostics(text, false, { argument: '/dev/stdin', file: 'web.profile' })
  t.match(found, { severity: 'warning', file: 'web.profile', line: 1, message: 'deprecated' })
})

t.test('errors of later stages name the profile', async (t) => {
  t.strictSame(
    shapes(
      'profile a: has merged rule /x with conflicting x modifiers\nERROR merging rules for profile a, failed to load\n',
    ),
    [
      {
        severity: 'error',
        message: 'profile a: has merged rule /x with conflicting x modifiers',
        file: FILE.file,
        line: null,
        profile: 'a',
      },
      {
        severity: 'error',
        message: 'ERROR merging rules for profile a, failed to load',
        file: FILE.file,
        line: null,
        profile: 'a',
      },
    ],
  )
  t.match(shapes('Multiple definitions for profile a exist,bailing out.\n'), [
    { severity: 'error', profile: 'a' },
  ])
})

t.test('the name of the program is left out', async (t) => {
  t.match(
    shapes(
      "/usr/sbin/apparmor_parser: Regex grouping error: Unclosed grouping\n/usr/sbin/apparmor_parser: Unable to parse input line '/{'\n",
    ),
    [
      { message: 'Regex grouping error: Unclosed grouping' },
      { message: "Unable to parse input line '/{'" },
    ],
  )
})

t.test('a warning that comes for each rule, and names none, is told once', async (t) => {
  const warning =
    'Warning from profile a (/srv/policy/web): downgrading extended network unix socket rule to generic network rule\n\n'
  t.match(shapes(warning + warning, false), [{ severity: 'warning', profile: 'a' }])
})

t.test('messages that lack their newline do not swallow the next one', async (t) => {
  t.match(
    shapes(
      'Warning from /srv/policy/web (/srv/policy/web line 1): oneWarning from /srv/policy/web (/srv/policy/web line 2): two\n',
      false,
    ),
    [
      { line: 1, message: 'one' },
      { line: 2, message: 'two' },
    ],
  )
})

t.test(
  'what is not understood is kept: an error when the parser failed, else a warning',
  async (t) => {
    t.match(shapes('something else\n'), [{ severity: 'error', message: 'something else' }])
    t.match(shapes('something else\n', false), [{ severity: 'warning', message: 'something else' }])
  },
)

t.test('every word of any output is in a diagnostic', async (t) => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/)
  const line = fc.oneof(
    fc.array(word).map((words) => words.join(' ')),
    fc.tuple(word, word).map(([a, b]) => `AppArmor parser error at line 1: ${a} ${b}`),
    fc.tuple(word, word).map(([a, b]) => `Warning from profile p (f): ${a} ${b}`),
  )
  const checked = fc.check(
    fc.property(fc.array(line), fc.boolean(), (lines, failed) => {
      const told = readDiagnostics(lines.join('\n'), failed, TEXT)
        .map(({ message }) => message)
        .join(' ')
      const words = lines
        .map((line) => line.replace(/^(AppArmor parser error at line 1|Warning from .*?): /, ''))
        .join(' ')
        .split(' ')
      return words.every((word) => told.includes(word))
    }),
  )
  t.notOk(checked.failed, JSON.stringify(checked.counterexample))
})
