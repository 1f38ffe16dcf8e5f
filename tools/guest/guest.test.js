import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { runGuest } from './guest.js'

t.setTimeout(180_000)

const GUEST = fileURLToPath(new URL('guest.js', import.meta.url))
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'guest-test-')))
t.teardown(() => rmSync(directory, { recursive: true }))

/**
 * Starts the command line's program.
 *
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
function start(args, options = {}) {
  return /** @type {import('node:child_process').ChildProcessWithoutNullStreams} */ (
    spawn(process.execPath, [GUEST, ...args], { cwd: directory, stdio: 'pipe', ...options })
  )
}

/**
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions & { input?: Uint8Array }} [options]
 */
async function run(args, { input, ...options } = {}) {
  const guest = start(args, options)
  guest.stdin.end(input)
  const [stdout, stderr, [status]] = await Promise.all([
    buffer(guest.stdout),
    buffer(guest.stderr),
    once(guest, 'close'),
  ])
  return { status, stdout, stderr: stderr.toString(), pid: guest.pid }
}

/**
 * What a runner has left behind: processes, and entries of its directory for temporary files.
 *
 * @param {number | undefined} pid
 */
function leftBy(pid, temporary = tmpdir()) {
  const mark = `apparmor-guest-${pid}-`
  const processes = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(mark)
    } catch {
      return false // it has ended
    }
  })
  return [...processes, ...readdirSync(temporary).filter((name) => name.startsWith(mark))]
}

/** @param {Uint8Array} bytes */
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** @param {string} name */
const read = (name) => readFileSync(join(directory, name), 'utf8')

t.test('a command finds what it would find outside', async (t) => {
  const temporary = mkdtempSync('/dev/shm/guest-test-') // there in no guest
  t.teardown(() => rmSync(temporary, { recursive: true }))
  mkdirSync(join(directory, 'inner'))
  mkdirSync(join(directory, 'shared'))
  writeFileSync(join(directory, 'kept'), '')
  const script = `
    printf '[%s]' "$@" > arguments
    printf %s "$FOO" > environment
    pwd > cwd
    for fd in 0 1 2; do test -t $fd; echo $?; done > terminals
    cat > input
    echo out; echo err >&2; echo out; echo err >&2
    echo 1 > ${directory}/shared/new
    echo 1 > ${directory}/lost
    rm ${directory}/kept
    echo 1 > /etc/guest-test-lost
    ls -d "$TMPDIR" > temporary
    cp /bin/true "$TMPDIR" && "$TMPDIR/true" && perl -MSocket -e '
      socket my $s, AF_UNIX, SOCK_STREAM, 0;
      bind $s, sockaddr_un("$ENV{TMPDIR}/socket") and print "socket\\n"' >> temporary
    cat /sys/module/apparmor/parameters/enabled > enabled
    echo 'profile guest-test { /usr/bin/aa-exec mr, }' | apparmor_parser -a
    aa-exec -p guest-test -- /bin/true 2> /dev/null; echo $? > denied
  `
  const odd = ['a b', '', 'q\'"\\$x', 'n\nl', '*', 'é', '--help']
  const args = [
    '--share',
    join(directory, 'shared'),
    '--stdin',
    '--audit',
    join(directory, 'audit'),
  ]
  const input = Buffer.from('in\0put\n\x03\x04\xff', 'latin1')
  const { status, stdout, stderr, pid } = await run(
    [...args, '--', 'bash', '-c', script, 'bash', ...odd],
    {
      cwd: join(directory, 'inner'),
      env: { ...process.env, FOO: 'x\ny "z"', TMPDIR: temporary },
      input,
    },
  )
  t.equal(status, 0)
  t.equal(stdout.toString(), 'out\nout\n')
  t.equal(stderr, 'err\nerr\n')
  t.equal(read('inner/arguments'), odd.map((argument) => `[${argument}]`).join(''), 'arguments')
  t.equal(read('inner/environment'), 'x\ny "z"', 'environment')
  t.equal(read('inner/cwd'), `${directory}/inner\n`, 'current directory')
  t.equal(read('inner/terminals'), '1\n1\n1\n', 'no terminals')
  t.strictSame(readFileSync(join(directory, 'inner/input')), input, 'standard input')
  t.equal(read('shared/new'), '1\n', 'a shared directory is the host’s')
  t.notOk(existsSync(join(directory, 'lost')), 'what is written elsewhere stays in the guest')
  t.notOk(existsSync('/etc/guest-test-lost'))
  t.ok(existsSync(join(directory, 'kept')), 'and what is removed')
  t.equal(read('inner/temporary'), `${temporary}\nsocket\n`, 'a TMPDIR for everything')
  t.equal(read('inner/enabled'), 'Y\n', 'AppArmor is on')
  t.not(read('inner/denied'), '0\n', 'and denies')
  t.match(read('audit'), /^audit: .*apparmor="DENIED".*profile="guest-test"/m, 'and its record')
  t.strictSame(leftBy(pid, temporary), [])
})

t.test(
  'binary output of 20 MB on both streams at once, and binary input, arrive whole',
  async (t) => {
    const big = randomBytes(20_000_000)
    const input = randomBytes(300_000)
    writeFileSync(join(directory, 'big'), big)
    const script = 'cat big & cat big >&2; wait; cat; touch not-shared'
    const guest = start(['--no-share-cwd', '--stdin', '--', 'bash', '-c', script])
    guest.stdin.end(input)
    const [stdout, stderr] = await Promise.all([buffer(guest.stdout), buffer(guest.stderr)])
    t.equal(stdout.length, big.length + input.length)
    t.equal(digest(stdout), digest(Buffer.concat([big, input])))
    t.equal(digest(stderr), digest(big))
    t.notOk(
      existsSync(join(directory, 'not-shared')),
      'with --no-share-cwd writes stay in the guest',
    )
  },
)

t.test('input that nobody reads does not keep a guest', async (t) => {
  const guest = start(['--stdin', '--', 'head', '-c', '5'])
  guest.stdin.on('error', () => {}).write('12345'.repeat(100_000)) // and no end
  const [stdout, stderr] = await Promise.all([buffer(guest.stdout), buffer(guest.stderr)])
  t.equal(`${stdout}${stderr}`, '12345')
})

t.test('the exit status is the command’s', async (t) => {
  /** @type {[readonly string[], number][]} */
  const cases = [
    [['bash', '-c', 'exit 42'], 42],
    [['bash', '-c', 'kill -SEGV $$'], 139],
    [['/nonexistent'], 127],
    [['/etc/passwd'], 126],
    // neither a process that waits nor one that writes without end keeps the guest
    [['bash', '-c', 'sleep 300 & yes & exit 3'], 3],
  ]
  for (const [command, expected] of cases) {
    const output = new PassThrough().resume()
    const result = await runGuest(command, { cwd: directory, stdout: output, stderr: output })
    t.match(result, { status: expected, failure: null }, command.join(' '))
  }
})

t.test('two guests run at the same time', async (t) => {
  const [a, b] = await Promise.all(
    ['A', 'B'].map((name) =>
      run(['--', 'bash', '-c', `sleep 2; echo ${name}; exit ${name.charCodeAt(0)}`]),
    ),
  )
  t.match([a?.status, a?.stdout.toString()], [65, 'A\n'])
  t.match([b?.status, b?.stdout.toString()], [66, 'B\n'])
})

t.test('a guest whose time is up leaves its output and nothing else', async (t) => {
  const script = 'trap "" TERM HUP; echo partial; sleep 300 & sleep 300'
  const { status, stdout, stderr, pid } = await run(['--timeout', '7', '--', 'bash', '-c', script])
  t.equal(status, 124)
  t.equal(stdout.toString(), 'partial\n')
  t.equal(stderr, 'guest: no end after 7 s\n')
  t.strictSame(leftBy(pid), [])
})

t.test('a guest ends with its runner', async (t) => {
  /** @type {[NodeJS.Signals, number | null][]} */
  const cases = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ]
  for (const [signal, expected] of cases) {
    const guest = start(['--', 'bash', '-c', 'echo; while :; do :; done'])
    guest.stderr.resume()
    await once(guest.stdout, 'data')
    t.not(leftBy(guest.pid).length, 0)
    guest.kill(signal)
    const [status] = await once(guest, 'close')
    t.equal(status, expected, signal)
    for (let i = 0; signal === 'SIGKILL' && i < 50 && leftBy(guest.pid).length > 0; i++) {
      await sleep(100)
    }
    t.strictSame(leftBy(guest.pid), [], `nothing left after ${signal}`)
  }
})

t.test('a guest ends when nobody reads its output', async (t) => {
  const guest = start(['--', 'yes'])
  guest.stderr.resume()
  await once(guest.stdout, 'data')
  guest.stdout.destroy()
  const [status] = await once(guest, 'close')
  t.equal(status, 141)
  t.strictSame(leftBy(guest.pid), [])
})

t.test('an aborted guest rejects with the reason', async (t) => {
  const controller = new AbortController()
  const stdout = new PassThrough().once('data', () => controller.abort(new Error('enough')))
  const command = ['bash', '-c', 'echo; sleep 300']
  await t.rejects(runGuest(command, { cwd: directory, stdout, signal: controller.signal }), {
    message: 'enough',
  })
  t.strictSame(leftBy(process.pid), [])
})

t.test('a guest that fails is told from a command that fails', async (t) => {
  const panic = ['bash', '-c', 'echo c > /proc/sysrq-trigger; sleep 9']
  const { status, stderr, pid } = await run(['--verbose', '--', ...panic])
  t.equal(status, 125)
  t.match(stderr, /^guest: the guest failed: Kernel panic - not syncing: sysrq triggered crash/)
  t.match(stderr, /^sysrq: Trigger a crash/m, 'with --verbose the kernel’s messages follow')
  t.strictSame(leftBy(pid), [])
})

t.test('the kernel’s parameters can be chosen', async (t) => {
  const parameters = ['--lsm', 'landlock,apparmor', '--append', 'apparmor=0 quiet', '--mem', '512M']
  const files = ['/sys/module/apparmor/parameters/enabled', '/proc/cmdline', '/proc/meminfo']
  const { stdout } = await run([...parameters, '--', 'cat', ...files])
  t.match(stdout.toString(), /^N$/m, 'AppArmor is off')
  t.match(stdout.toString(), / lsm=landlock,apparmor apparmor=0 quiet /)
  t.match(stdout.toString(), /^MemTotal: +4\d{5} kB/m)
})

t.test('what cannot work is refused, with the remedy', async (t) => {
  /** @type {[readonly string[], RegExp][]} */
  const cases = [
    [[], /no command\n\nUsage:/],
    [['--colour', '--', 'true'], /Unknown option '--colour'.*\n\nUsage:/],
    [['--mem'], /argument missing\n\nUsage:/],
    [['--mem', 'much', 'true'], /not a memory size such as 1024M: much/],
    [['--timeout', 'long', 'true'], /not a number of seconds/],
    [['--share', GUEST, 'true'], /not a directory: .*guest.js/],
    [['--share', '/nonexistent', 'true'], /not a directory: \/nonexistent/],
    [['--share', '/', 'true'], /\/ as a whole cannot be shared/],
    [['--log', '/nonexistent/log', 'true'], /ENOENT.*\/nonexistent\/log/],
    [['--kernel', '/nonexistent', 'true'], /no kernel at \/nonexistent/],
    [['--kernel', '5.0', 'true'], /no kernel 5\.0: 6\.1, 6\.12, 7\.2, or a path/],
    [['--pin', '999', 'true'], /the guest failed: taskset: .*affinity/],
  ]
  for (const [args, message] of cases) {
    const { status, stderr } = await run(args)
    t.equal(status, 125)
    t.match(stderr, message)
  }
  const empty = { ...process.env, XDG_CACHE_HOME: directory }
  const absent = await run(['--kernel', '7.2', 'true'], { env: empty })
  t.match(absent.stderr, /fetch it with `node .*kernels\.js 7\.2`/)

  const without = `rm -f /usr/bin/linux.uml; '${process.execPath}' '${GUEST}' true`
  const uninstalled = await run(['--', 'env', '-u', 'APPARMOR_GUEST_KERNEL', 'bash', '-c', without])
  t.equal(uninstalled.status, 125)
  t.match(uninstalled.stderr, /sudo apt-get install user-mode-linux/)
})
