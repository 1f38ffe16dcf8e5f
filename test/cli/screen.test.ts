import t from 'tap'
import { isColoured, red, Screen, safe, wrap } from '#lib/cli/screen.js'

const HOSTILE = '\x1b[2J\x1b]0;x\x07a\nb\r\t\x7f\x9b31m\u202e\u2066\u200b\u2028\udcff\ud800'

// All that a terminal obeys, and what hides or turns text.
const OBEYED = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

function screen(columns?: number, coloured = false) {
  let text = ''
  const stream = {
    write: (more: string) => (text += more),
    ...(columns && { isTTY: true, columns }),
  }
  return {
    out: new Screen(
      () => stream,
      () => coloured,
    ),
    text: () => text,
  }
}

t.test('nothing that a terminal obeys gets through, by whatever way', async (t) => {
  for (const columns of [undefined, 40]) {
    const { out, text } = screen(columns)
    out.line(HOSTILE, red(HOSTILE))
    out.lines(HOSTILE)
    out.paragraph(HOSTILE)
    out.table(
      [{ title: HOSTILE }, { title: 'B', shrink: true }],
      [[HOSTILE, [HOSTILE, red(HOSTILE)]]],
    )
    out.json({ [HOSTILE]: HOSTILE })
    out.record({ [HOSTILE]: HOSTILE })
    t.notMatch(text(), OBEYED)
  }
  const { out, text } = screen(40)
  out.text(`a\n${HOSTILE}\n`)
  t.notMatch(text(), OBEYED, 'a file, on a terminal')
})

t.test('a name shows what it is made of', async (t) => {
  t.equal(safe('a\nb\x1b\udcff\u202e'), 'a\\nb\\x1b\\xff\\u{202e}')
  t.equal(safe('web ü 日本 😀'), 'web ü 日本 😀')
})

t.test('JSON means what it meant', async (t) => {
  const { out, text } = screen()
  out.record({ name: HOSTILE })
  t.strictSame(JSON.parse(text()), { name: HOSTILE })
})

t.test('a file goes to a program as it is', async (t) => {
  const { out, text } = screen()
  out.text('profile a {\n\t/\x1b r,\n}')
  t.equal(text(), 'profile a {\n\t/\x1b r,\n}')
})

t.test('a styled text keeps its end', async (t) => {
  const { out, text } = screen(40, true)
  out.line('a ', red('b\x1b[0m'), ' c')
  t.equal(text(), 'a \x1b[31mb\\x1b[0m\x1b[39m c\n')
})

t.test('a table gives way where a terminal is narrow', async (t) => {
  const rows = [
    ['1', '/usr/lib/a/very/long/path/to/a/program', 'web'],
    ['22', '日本', 'w'],
  ]
  const columns = [
    { title: 'PID', right: true },
    { title: 'PROGRAM', shrink: true },
    { title: 'P' },
  ]
  const narrow = screen(40)
  narrow.out.table(columns, rows)
  t.equal(
    narrow.text(),
    [
      'PID  PROGRAM                         P',
      '  1  …a/very/long/path/to/a/program  web',
      ' 22  日本                            w',
      '',
    ].join('\n'),
  )
  const wide = screen()
  wide.out.table(columns, rows)
  t.match(wide.text(), '/usr/lib/a/very/long/path/to/a/program  web')
})

t.test('sentences are broken between words', async (t) => {
  t.strictSame(wrap('one two three', 8), ['one two', 'three'])
  t.strictSame(wrap('incomprehensible', 4), ['incomprehensible'])
})

t.test('the command line decides on colour, then the environment, then the terminal', async (t) => {
  const stream = { write: () => true }
  const terminal = { ...stream, isTTY: true }
  t.equal(isColoured(terminal, {}, undefined), true)
  t.equal(isColoured(stream, {}, undefined), false)
  t.equal(isColoured(terminal, { TERM: 'dumb' }, undefined), false)
  t.equal(isColoured(terminal, { NO_COLOR: '1' }, undefined), false)
  t.equal(isColoured(terminal, { NO_COLOR: '' }, undefined), true)
  t.equal(isColoured(stream, { FORCE_COLOR: '1' }, undefined), true)
  t.equal(isColoured(terminal, { FORCE_COLOR: '0' }, undefined), false)
  t.equal(isColoured(stream, { NO_COLOR: '1' }, true), true)
  t.equal(isColoured(terminal, { FORCE_COLOR: '1' }, false), false)
})
