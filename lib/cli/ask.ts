/** Questions to a person: one line each, from the terminal or whatever stdin is. */
import { builtin, fs, path } from '../border/node.ts'
import { decode, encode } from '../border/text.ts'
import { Refusal, type World } from './command.ts'
import type { Screen } from './screen.ts'

/** @returns the answer; `null` at the end of input */
export type Ask = (question: string) => Promise<string | null>

export function asker(out: Screen, { stdin }: World): Ask {
  const lines = stdin.isTTY ? terminalLines() : linesOf(stdin)
  return async (question) => {
    out.ask(question)
    const { value, done } = await lines.next()
    return done ? null : String(value).trim()
  }
}

/** Read when they are asked for and not before: an editor may want the terminal in between. */
function* typedLines(): Generator<string> {
  const fd = fs.openSync('/dev/tty', 'r')
  const buffer = Buffer.alloc(4096)
  try {
    for (;;) {
      const length = fs.readSync(fd, buffer)
      if (length === 0) return
      yield buffer.toString('utf8', 0, length)
    }
  } finally {
    fs.closeSync(fd)
  }
}

async function* terminalLines(): AsyncGenerator<string> {
  yield* typedLines()
}

async function* linesOf(stdin: World['stdin']): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stdin) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

/** Has a text changed in the person's editor. */
export function editText(text: string, { env }: World): string {
  const editor = env.VISUAL || env.EDITOR || 'vi'
  const place = builtin('node:os').tmpdir()
  const directory = fs.mkdtempSync(path.join(place, 'apparmor-'))
  const file = path.join(directory, 'rules')
  try {
    fs.writeFileSync(file, encode(text), 'latin1')
    // EDITOR may have options: it is read as the shell reads it.
    const { status, error } = builtin('node:child_process').spawnSync(
      '/bin/sh',
      ['-c', `${editor} "$1"`, 'sh', file],
      { stdio: 'inherit' },
    )
    if (error || status !== 0) throw new Refusal(`The editor '${editor}' failed`)
    return decode(fs.readFileSync(file, 'latin1'))
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}
