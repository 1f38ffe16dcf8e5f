// The same calls through node:child_process and through apparmor/child_process.
import { once } from 'node:events'
import { closeSync, createWriteStream, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  called,
  promised,
  spawned,
  spawnedSync,
  watch,
  type Case,
  type Setting,
} from './parity_watch.ts'

const MODULE = join(import.meta.dirname, '../guest/echo.js')

const inFile = (setting: Setting, name: string) => join(setting.dir, name)

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
