// The same calls through node:child_process and through apparmor/child_process, and all that a caller
// can see of them.
import * as node from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, createWriteStream, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { makeParityFiles } from './parity_files.ts'

/** A module with the functions of node:child_process. Cases pass wrong arguments too, hence `any`. */
type AnyFunction = any
export type Functions = Readonly<
  Record<
    'spawn' | 'spawnSync' | 'exec' | 'execSync' | 'execFile' | 'execFileSync' | 'fork',
    AnyFunction
  >
>

/** `confined`: the options that confine, or none. `dir`: test/support/files.ts, with what is set up there. */
export interface Setting {
  readonly functions: Functions
  readonly confined: object
  readonly dir: string
}

type Case = (setting: Setting) => unknown

const EVENTS = ['spawn', 'error', 'exit', 'close', 'message', 'disconnect'] as const
const MODULE = join(import.meta.dirname, '../guest/echo.js')

function visible(value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, code, ...rest } = value as NodeJS.ErrnoException
    if (/^ERR_(INVALID|OUT_OF)/.test(code ?? '')) return { name, code }
    const { error, pid, ...seen } = rest as { error?: unknown; pid?: unknown }
    return { name, message, code, ...seen, pid: typeof pid, error: error === value }
  }
  return value
}

async function text(stream: Readable | null | undefined): Promise<string | null> {
  if (!stream) return null
  let all = ''
  try {
    for await (const chunk of stream) all += String(chunk)
  } catch {
    // A stream may be destroyed before its end is seen.
  }
  return all
}

/** Everything about a child until it closes. */
async function watch(child: ChildProcess, act?: (child: ChildProcess) => void): Promise<unknown> {
  const events: unknown[] = []
  for (const name of EVENTS) {
    child.on(name, (...args: unknown[]) => {
      // An IPC channel may close before or after the exit is seen.
      if (name !== 'disconnect') events.push([name, ...args.map(visible)])
    })
  }
  const { spawnfile, spawnargs, connected } = child
  const shape = child.stdio.map((stream) => stream && stream.constructor.name)
  const ends = [child.stdin, child.stdout, child.stderr].map((stream) => stream && 'there')
  const before = { pid: typeof child.pid, spawnfile, spawnargs, connected, shape, ends }
  const closed = once(child, 'close').catch(() => once(child, 'close'))
  const output = Promise.all([child.stdout, child.stderr].map(text))
  act?.(child)
  await closed
  const { exitCode, signalCode, killed } = child
  return { before, events, output: await output, exitCode, signalCode, killed }
}

const spawned =
  (file: unknown, args?: unknown, options: object = {}, act?: (child: ChildProcess) => void) =>
  ({ functions, confined }: Setting) =>
    watch(functions.spawn(file, args, { ...options, ...confined }) as ChildProcess, act)

const spawnedSync =
  (file: unknown, args?: unknown, options: object = {}) =>
  ({ functions, confined }: Setting) => {
    const result = functions.spawnSync(file, args, { encoding: 'utf8', ...options, ...confined })
    return { ...result, pid: Math.sign(result.pid), error: visible(result.error) }
  }

/** A callback's arguments, and what else there is to see. */
async function called(
  call: (callback: (...args: unknown[]) => void) => ChildProcess,
): Promise<unknown> {
  let resolve: (value: unknown) => void = () => {}
  const done = new Promise((settle) => (resolve = settle))
  const child = call((error, ...rest) => resolve([visible(error), ...rest]))
  const seen = watch(child)
  return [await done, await seen]
}

const inFile = (setting: Setting, name: string) => join(setting.dir, name)

async function promised(promise: Promise<unknown> & { child?: ChildProcess }): Promise<unknown> {
  const child = typeof promise.child?.spawnfile
  try {
    return { child, value: await promise }
  } catch (error) {
    const { stdout, stderr } = error as { stdout: unknown; stderr: unknown }
    return { child, error: visible(error), stdout, stderr }
  }
}

const LONG = 'x'.repeat(200_000)
const LATE = ['-c', 'echo early; exec sleep 5']

export const CASES: Readonly<Record<string, Case>> = {
  'spawn: output and status': spawned('sh', ['-c', 'echo out; echo err >&2; exit 3']),
  'spawn: without arguments': spawned('true'),
  'spawn: options in the place of arguments': ({ functions, confined }) =>
    watch(functions.spawn('pwd', { cwd: '/', ...confined })),
  'spawn: killed by a signal': spawned('sh', ['-c', 'kill -9 $$']),
  'spawn: killed by the parent': spawned('sleep', ['5'], {}, (child) => child.kill('SIGTERM')),
  'spawn: input': spawned('cat', [], {}, (child) => child.stdin?.end('input')),
  'spawn: missing': spawned('apparmor-test-nowhere', ['a', 'b']),
  'spawn: missing, by path': spawned('/nowhere/at/all'),
  'spawn: missing, through a shell': spawned('apparmor-test-nowhere', [], { shell: true }),
  'spawn: not executable': (setting) => spawned(inFile(setting, 'allowed'), ['a'])(setting),
  'spawn: a directory': spawned('/'),
  'spawn: below a file': spawned('/dev/null/x'),
  'spawn: arguments too large': spawned('true', [LONG]),
  'spawn: 10 kB of arguments': spawned('sh', [
    '-c',
    'echo $# $1',
    'sh',
    ...Array<string>(100).fill('x'.repeat(100)),
  ]),
  'spawn: arguments with everything in them': spawned('printf', [
    '%s|',
    '',
    '--',
    '-x',
    'ä\n',
    '=',
  ]),
  'spawn: cwd missing': spawned('true', [], { cwd: '/nowhere' }),
  'spawn: cwd is a file': spawned('true', [], { cwd: '/dev/null' }),
  'spawn: cwd and a relative file': (setting) =>
    spawned('./script', ['x'], { cwd: setting.dir })(setting),
  'spawn: env': spawned('env', [], { env: { B: '1', A: 'ä', PATH: '/usr/bin:/bin' } }),
  'spawn: PATH of the child’s environment': spawned('ls', [], { env: { PATH: '/nowhere' } }),
  'spawn: argv0': spawned('sh', ['-c', 'echo "$0"'], { argv0: 'other' }),
  'spawn: argv0 empty': spawned('sh', ['-c', 'echo "[$0]"'], { argv0: '' }),
  'spawn: shell': spawned('echo', ['a', '$((1 + 1))'], { shell: true }),
  'spawn: another shell': spawned('echo $BASH_VERSION | wc -l', [], { shell: '/bin/bash' }),
  'spawn: a shell that is missing': spawned('echo', [], { shell: '/nowhere' }),
  'spawn: detached': spawned(
    'sh',
    ['-c', 'read -r _ _ _ _ g s _ < /proc/$$/stat; [ $$ = $g ] && [ $$ = $s ]'],
    {
      detached: true,
    },
  ),
  'spawn: uid and gid': spawned('sh', ['-c', 'id -u; id -g; id -G'], { uid: 65534, gid: 65533 }),
  'spawn: uid, and a file that it may not execute': (setting) =>
    spawned(inFile(setting, 'private'), [], { uid: 65534 })(setting),
  'spawn: stdio ignore': spawned('ls', ['-l', '/proc/self/fd'], { stdio: 'ignore' }),
  'spawn: stdio with more pipes': spawned(
    'sh',
    ['-c', 'echo three >&3; echo four >&4; ls /proc/$$/fd'],
    {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'pipe'],
    },
  ),
  'spawn: stdio with gaps': spawned('sh', ['-c', 'ls /proc/$$/fd'], {
    stdio: [null, undefined, 'pipe', null, 'ignore', 'pipe'],
  }),
  'spawn: stdio of two entries': spawned('sh', ['-c', 'ls /proc/$$/fd'], {
    stdio: ['ignore', 'pipe'],
  }),
  'spawn: stdio overlapped': spawned('cat', [], { stdio: 'overlapped' }, (child) =>
    child.stdin?.end('x'),
  ),
  'spawn: stdio with a descriptor': async (setting) => {
    const file = inFile(setting, 'output')
    const fd = openSync(file, 'w')
    try {
      const stdio = ['ignore', fd, fd, fd]
      const seen = await spawned('sh', ['-c', 'echo 1; echo 2 >&2; echo 3 >&3'], { stdio })(setting)
      return [seen, readFileSync(file, 'utf8')]
    } finally {
      closeSync(fd)
    }
  },
  'spawn: stdio with a stream': async (setting) => {
    const file = inFile(setting, 'output')
    const stream = createWriteStream(file)
    await once(stream, 'open')
    const seen = await spawned('echo', ['x'], { stdio: ['ignore', stream, 'inherit'] })(setting)
    stream.destroy()
    return [seen, readFileSync(file, 'utf8')]
  },
  'spawn: aborted': (setting) => {
    const controller = new AbortController()
    const { signal } = controller
    return spawned('sleep', ['5'], { signal }, () => controller.abort())(setting)
  },
  'spawn: aborted before': spawned('sleep', ['5'], { signal: AbortSignal.abort() }),
  'spawn: timeout': spawned('sleep', ['5'], { timeout: 300 }),
  'spawn: timeout with a signal': spawned('sleep', ['5'], { timeout: 300, killSignal: 'SIGKILL' }),
  'spawn: file of a wrong type': spawned(1),
  'spawn: file empty': spawned(''),
  'spawn: file with a null byte': spawned('a\0b'),
  'spawn: arguments of a wrong type': spawned('true', 'x'),
  'spawn: an argument with a null byte': spawned('true', ['a\0b']),
  'spawn: uid of a wrong type': spawned('true', [], { uid: '0' }),
  'spawn: gid of a wrong type': spawned('true', [], { gid: 1.5 }),
  'spawn: cwd of a wrong type': spawned('true', [], { cwd: 1 }),
  'spawn: stdio of a wrong type': spawned('true', [], { stdio: {} }),
  'spawn: stdio with a wrong word': spawned('true', [], { stdio: 'x' }),
  'spawn: timeout negative': spawned('true', [], { timeout: -1 }),
  'spawn: signal of a wrong type': spawned('true', [], { signal: 1 }),

  'exec: output': ({ functions, confined }) =>
    called((callback) => functions.exec('echo out; echo err >&2', confined, callback)),
  'exec: failing': ({ functions, confined }) =>
    called((callback) => functions.exec('echo err >&2; exit 3', confined, callback)),
  'exec: buffers': ({ functions, confined }) =>
    called((callback) => functions.exec('echo x', { encoding: 'buffer', ...confined }, callback)),
  'exec: too much output': ({ functions, confined }) =>
    called((callback) =>
      functions.exec('echo 12345; exec sleep 5', { maxBuffer: 3, ...confined }, callback),
    ),
  'exec: timeout': ({ functions, confined }) =>
    called((callback) => functions.exec('exec sleep 5', { timeout: 300, ...confined }, callback)),
  'exec: a shell that is missing': ({ functions, confined }) =>
    called((callback) => functions.exec('x', { shell: '/nowhere', ...confined }, callback)),
  'exec: command of a wrong type': ({ functions, confined }) => functions.exec(1, confined),
  'exec, promise: output': ({ functions, confined }) =>
    promised(promisify(functions.exec)('echo out', confined) as Promise<unknown>),
  'exec, promise: failing': ({ functions, confined }) =>
    promised(promisify(functions.exec)('echo out; exit 3', confined) as Promise<unknown>),

  'execFile: output': ({ functions, confined }) =>
    called((callback) => functions.execFile('echo', ['out'], confined, callback)),
  'execFile: options in the place of arguments': ({ functions, confined }) =>
    called((callback) => functions.execFile('pwd', { cwd: '/', ...confined }, callback)),
  'execFile: failing': ({ functions, confined }) =>
    called((callback) => functions.execFile('sh', ['-c', 'exit 3'], confined, callback)),
  'execFile: missing': ({ functions, confined }) =>
    called((callback) => functions.execFile('apparmor-test-nowhere', ['a'], confined, callback)),
  'execFile: not executable': (setting) =>
    called((callback) =>
      setting.functions.execFile(inFile(setting, 'allowed'), [], setting.confined, callback),
    ),
  'execFile: aborted': ({ functions, confined }) => {
    const controller = new AbortController()
    const options = { signal: controller.signal, ...confined }
    return called((callback) => {
      const child = functions.execFile('sleep', ['5'], options, callback)
      controller.abort()
      return child
    })
  },
  'execFile: timeout': ({ functions, confined }) =>
    called((callback) =>
      functions.execFile('sleep', ['5'], { timeout: 300, ...confined }, callback),
    ),
  'execFile, promise: output': ({ functions, confined }) =>
    promised(promisify(functions.execFile)('echo', ['out'], confined) as Promise<unknown>),
  'execFile, promise: missing': ({ functions, confined }) =>
    promised(
      promisify(functions.execFile)('apparmor-test-nowhere', [], confined) as Promise<unknown>,
    ),

  'spawnSync: output and status': spawnedSync('sh', ['-c', 'echo out; echo err >&2; exit 3']),
  'spawnSync: buffers': spawnedSync('echo', ['x'], { encoding: 'buffer' }),
  'spawnSync: killed by a signal': spawnedSync('sh', ['-c', 'kill -9 $$']),
  'spawnSync: input': spawnedSync('cat', [], { input: 'input' }),
  'spawnSync: missing': spawnedSync('apparmor-test-nowhere', ['a', 'b']),
  'spawnSync: not executable': (setting) => spawnedSync(inFile(setting, 'allowed'))(setting),
  'spawnSync: below a file': spawnedSync('/dev/null/x'),
  'spawnSync: arguments too large': spawnedSync('true', [LONG]),
  'spawnSync: cwd missing': spawnedSync('true', [], { cwd: '/nowhere' }),
  'spawnSync: cwd is a file': spawnedSync('true', [], { cwd: '/dev/null' }),
  'spawnSync: env': spawnedSync('env', [], { env: { A: '1', PATH: '/usr/bin:/bin' } }),
  'spawnSync: argv0': spawnedSync('sh', ['-c', 'echo "$0"'], { argv0: 'other' }),
  'spawnSync: shell': spawnedSync('echo', ['a', '$((1 + 1))'], { shell: true }),
  'spawnSync: another shell': spawnedSync('echo $0', [], { shell: '/bin/bash' }),
  'spawnSync: a shell that is missing': spawnedSync('echo', ['x'], { shell: '/nowhere' }),
  'spawnSync: uid and gid': spawnedSync('sh', ['-c', 'id -u; id -g; id -G'], {
    uid: 65534,
    gid: 65533,
  }),
  'spawnSync: more pipes': spawnedSync('sh', ['-c', 'cat <&3 >&4; ls /proc/$$/fd'], {
    stdio: ['ignore', 'pipe', 'inherit', { type: 'pipe', readable: true, input: 'x' }, 'pipe'],
  }),
  'spawnSync: stdio ignore': spawnedSync('echo', ['x'], { stdio: 'ignore' }),
  'spawnSync: timeout': spawnedSync('sh', LATE, { timeout: 500 }),
  'spawnSync: too much output': spawnedSync('sh', ['-c', 'printf 12345; exec sleep 5'], {
    maxBuffer: 3,
  }),
  'spawnSync: file empty': spawnedSync(''),
  'spawnSync: file of a wrong type': spawnedSync({}),
  'spawnSync: an argument with a null byte': spawnedSync('true', ['a\0b']),
  'spawnSync: uid of a wrong type': spawnedSync('true', [], { uid: '0' }),
  'spawnSync: shell of a wrong type': spawnedSync('true', [], { shell: 1 }),
  'spawnSync: argv0 of a wrong type': spawnedSync('true', [], { argv0: 1 }),
  'spawnSync: stdio of a wrong type': spawnedSync('true', [], { stdio: 1 }),

  'execFileSync: output': ({ functions, confined }) =>
    functions.execFileSync('echo', ['out'], { encoding: 'utf8', ...confined }),
  'execFileSync: options in the place of arguments': ({ functions, confined }) =>
    functions.execFileSync('pwd', { cwd: '/', ...confined }),
  'execFileSync: failing': ({ functions, confined }) =>
    functions.execFileSync('sh', ['-c', 'echo out; echo err >&2; exit 3'], {
      stdio: 'pipe',
      argv0: 'other',
      ...confined,
    }),
  'execFileSync: missing': ({ functions, confined }) =>
    functions.execFileSync('apparmor-test-nowhere', ['a'], confined),
  'execSync: output': ({ functions, confined }) =>
    functions.execSync('echo out | cat', { encoding: 'utf8', ...confined }),
  'execSync: failing': ({ functions, confined }) =>
    functions.execSync('echo err >&2; exit 3', { stdio: 'pipe', ...confined }),
  'execSync: input': ({ functions, confined }) =>
    functions.execSync('cat', { input: 'input', encoding: 'utf8', ...confined }),
  'execSync: command of a wrong type': ({ functions, confined }) => functions.execSync(1, confined),

  'fork: a program that is missing': ({ functions, confined }) =>
    watch(functions.fork(MODULE, { execPath: '/nowhere', silent: true, ...confined })),
  'fork: without ipc': ({ functions, confined }) =>
    functions.fork(MODULE, { stdio: ['ignore', 'pipe', 'pipe'], ...confined }),
  'fork: json': forked({}),
  'fork: advanced, with more descriptors and flags': forked({
    serialization: 'advanced',
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'ipc'],
  }),
}

function forked(options: object): Case {
  const message = { text: 'ä', list: [1, 2] }
  return ({ functions, confined }) => {
    const child = functions.fork(MODULE, ['a', 'b'], {
      silent: true,
      env: { PATH: process.env['PATH'] },
      ...options,
      ...confined,
    })
    return watch(child, () => child.send(message))
  }
}

/** What there is to see of a case. */
export async function observe(name: string, setting: Setting): Promise<unknown> {
  try {
    return { returned: await CASES[name]?.(setting) }
  } catch (error) {
    return { thrown: visible(error) }
  }
}

/** Compares confined children with Node's own, for the cases of some functions. */
export function compare(t: Test, functions: Functions, names: RegExp): void {
  const dir = makeParityFiles(t)
  const confined = { profile: 'apparmor-test-child' }
  t.test('what is seen of a confined child is what Node shows of a plain one', async (t) => {
    const label = functions.spawnSync('cat', ['/proc/self/attr/current'], confined).stdout
    t.equal(String(label), 'apparmor-test-child (enforce)\n', 'for it is confined')
    for (const name of Object.keys(CASES).filter((name) => names.test(name))) {
      t.test(name, async (t) => {
        const seen = await observe(name, { dir, confined, functions })
        const expected = await observe(name, { dir, confined: {}, functions: node as Functions })
        t.strictSame(seen, expected)
        t.notMatch(JSON.stringify(seen), /apparmor-launcher/)
      })
    }
  })
}
