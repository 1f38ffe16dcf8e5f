/** Runs apparmor_parser, the field's own compiler. */
import type { ChildProcess } from 'node:child_process'
import { AppArmorError } from '../../border/errors.ts'
import { builtin, fs, path } from '../../border/node.ts'
import { decode, encode } from '../../border/text.ts'

// Not by PATH: whoever sets the environment would choose the program that compiles policy.
const PLACES = ['/usr/sbin/apparmor_parser', '/sbin/apparmor_parser', '/usr/bin/apparmor_parser']

// The texts that are read here are those of the C locale; nothing else of the environment matters.
const ENVIRONMENT = { LC_ALL: 'C', LANGUAGE: '', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }

export interface ParserOptions {
  /** the program, an absolute path */
  readonly parser?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** in milliseconds */
  readonly timeout: number
}

export interface Ran {
  readonly status: number
  readonly stdout: Uint8Array
  readonly stderr: string
}

/** What the parser is told to read: a file that it opens itself, or text. */
export type Single = { readonly file: string } | { readonly text: string }

/** The same; or several files, and behind each of them the text. */
export type Input = Single | { readonly files: readonly string[]; readonly text: string }

/** The name under which the parser reads text: its standard input, so that errors name the file that they are in. */
export const TEXT_ARGUMENT = '/dev/stdin'

/** Runs the parser to its end; throws when it cannot be run, was stopped, or took too long. */
export async function runParser(
  args: readonly string[],
  input: Input,
  options: ParserOptions,
): Promise<Ran> {
  const parser = findParser(options.parser)
  options.signal?.throwIfAborted()
  const leave = await enter(options.signal)
  try {
    if ('file' in input) return await run(parser, [...args, '--', input.file], 'ignore', options)
    const fd = holdText(input.text)
    const places =
      'files' in input ? input.files.flatMap((file) => [file, TEXT_ARGUMENT]) : [TEXT_ARGUMENT]
    try {
      return await run(parser, [...args, '--', ...places], fd, options)
    } finally {
      fs.closeSync(fd)
    }
  } finally {
    leave()
  }
}

const versions = new Map<string, Promise<readonly number[]>>()

/** The parser's version: `[4, 1, 0]`. */
export function parserVersion(parser?: string): Promise<readonly number[]> {
  const file = findParser(parser)
  let version = versions.get(file)
  if (!version) {
    version = readVersion(file)
    versions.set(file, version)
    version.catch(() => versions.delete(file))
  }
  return version
}

async function readVersion(file: string): Promise<readonly number[]> {
  const { stdout } = await run(file, ['--version'], 'ignore', { timeout: 60_000 })
  return toNumbers(Buffer.from(stdout).toString('latin1'), file)
}

/** The version of the system's parser, for callers that cannot wait; nothing when there is none. */
export function parserVersionNow(): string | undefined {
  const file = PLACES.find(isExecutable)
  if (file === undefined) return undefined
  const { spawnSync } = builtin('node:child_process')
  const { stdout } = spawnSync(file, ['--version'], { env: ENVIRONMENT, timeout: 60_000 })
  return stdout === null ? undefined : toNumbers(stdout.toString('latin1'), file).join('.')
}

function toNumbers(text: string, file: string): readonly number[] {
  const numbers = /version (\d+)\.(\d+)(?:\.(\d+))?/.exec(text)
  if (!numbers) {
    throw new AppArmorError({ code: 'ERR_APPARMOR_PARSER', path: file, detail: 'no version' })
  }
  return numbers.slice(1).map((number) => Number(number ?? 0))
}

/** Where the parser is; throws `ERR_APPARMOR_PARSER_MISSING`. */
export function findParser(asked?: string): string {
  for (const place of asked === undefined ? PLACES : [asked]) {
    if (isExecutable(place)) return place
  }
  throw new AppArmorError({ code: 'ERR_APPARMOR_PARSER_MISSING', path: asked ?? PLACES[0] })
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return fs.statSync(file).isFile()
  } catch {
    return false
  }
}

// A file without a name. A pipe of Node's is a socket, which cannot be opened again by its number.
function holdText(text: string): number {
  const directory = fs.mkdtempSync(path.join(builtin('node:os').tmpdir(), 'apparmor-'))
  const file = path.join(directory, 'policy')
  try {
    fs.writeFileSync(file, encode(text), { encoding: 'latin1', flag: 'wx', mode: 0o600 })
    return fs.openSync(file, 'r')
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

function run(
  file: string,
  args: readonly string[],
  input: number | 'ignore',
  { signal, timeout }: ParserOptions,
): Promise<Ran> {
  const { spawn } = builtin('node:child_process')
  const child = spawn(file, args, {
    stdio: [input, 'pipe', 'pipe'],
    env: ENVIRONMENT,
  })
  return new Promise((resolve, reject) => {
    const stdout = collect(child, 'stdout')
    const stderr = collect(child, 'stderr')
    let stopped: unknown
    const stop = (reason: unknown): void => {
      stopped ??= reason
      child.kill('SIGKILL')
    }
    const timer = setTimeout(() => {
      stop(
        new AppArmorError({
          code: 'ERR_APPARMOR_PARSER',
          path: file,
          detail: `stopped after ${timeout} ms`,
        }),
      )
    }, timeout)
    const onAbort = (): void => stop(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    child.on('error', (cause) => {
      stop(new AppArmorError({ code: 'ERR_APPARMOR_PARSER', path: file, cause }))
    })
    child.on('close', (status, killed) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      if (killed !== null) {
        stopped ??= new AppArmorError({ code: 'ERR_APPARMOR_PARSER', path: file, detail: killed })
      }
      if (stopped === undefined && status !== null) {
        const text = decode(Buffer.concat(stderr).toString('latin1'))
        resolve({ status, stdout: Buffer.concat(stdout), stderr: text })
      } else reject(stopped)
    })
  })
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr'): Uint8Array[] {
  const chunks: Uint8Array[] = []
  child[name]?.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  return chunks
}

let running = 0
const waiting: (() => void)[] = []

// A compiler takes a whole processor and a good deal of memory, so there are never more of them than processors.
async function enter(signal: AbortSignal | undefined): Promise<() => void> {
  const most = builtin('node:os').availableParallelism()
  while (running >= most) {
    await new Promise<void>((resolve) => waiting.push(resolve))
    if (signal?.aborted) waiting.shift()?.()
    signal?.throwIfAborted()
  }
  running++
  return () => {
    running--
    waiting.shift()?.()
  }
}
