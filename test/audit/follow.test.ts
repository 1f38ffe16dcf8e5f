// A log that is a file: by whoever writes it, and of no kernel.
import { execFileSync, spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { follow, type Follow } from 'apparmor/audit'
import t from 'tap'
import { AUDIT } from '../support/package.ts'

const dir = fs.mkdtempSync(join(tmpdir(), 'apparmor-test-'))
t.teardown(() => fs.rmSync(dir, { recursive: true }))

const isRoot = process.getuid?.() === 0
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const line = (serial: number) =>
  `type=AVC msg=audit(1795690704.769:${serial}): apparmor="DENIED" operation="open" class="file" profile="web" name="/x" pid=${serial} comm="c" requested_mask="r" denied_mask="r" fsuid=0 ouid=0\n`

t.test('a file: what is appended, rotated, cut, and half written', async (t) => {
  const path = join(dir, 'audit.log')
  fs.writeFileSync(path, line(1))
  const log = follow({ source: path, signal: AbortSignal.timeout(60_000) })
  const pid = async () => {
    const { value } = await log.next()
    if (!value) return undefined
    return value.event === 'lost' ? value.reason : value.pid
  }
  const second = pid()
  fs.appendFileSync(path, line(2))
  t.equal(await second, 2)
  t.equal(log.source, path)
  const half = line(3)
  fs.appendFileSync(path, half.slice(0, 50))
  const third = pid()
  await new Promise((resolve) => setTimeout(resolve, 50))
  fs.appendFileSync(path, half.slice(50) + line(4))
  t.equal(await third, 3)
  fs.renameSync(path, `${path}.1`)
  fs.appendFileSync(`${path}.1`, line(5))
  t.strictSame([await pid(), await pid()], [4, 5], 'the old file is read to its end')
  const sixth = pid()
  await new Promise((resolve) => setTimeout(resolve, 300))
  fs.writeFileSync(path, line(6))
  t.equal(await sixth, 6, 'and the new one, when it comes')
  fs.truncateSync(path)
  const cut = pid()
  t.equal(await cut, 'truncation')
  fs.appendFileSync(path, line(7) + line(9))
  t.strictSame([await pid(), await pid(), await pid()], [7, 9, 'gap'])
  await log.return?.()
})

t.test('a file that is absent, no file, or becomes one that may not be read', async (t) => {
  const path = join(dir, 'other.log')
  await t.rejects(follow({ source: path }).next(), {
    code: 'ERR_APPARMOR_LOG',
    path,
    message: /ENOENT/,
  })
  execFileSync('mkfifo', [join(dir, 'fifo')])
  await t.rejects(follow({ source: join(dir, 'fifo') }).next(), {
    code: 'ERR_APPARMOR_LOG',
    message: /not a file/,
  })
  fs.writeFileSync(path, line(1))
  const log = follow({ source: path })
  const next = log.next()
  fs.renameSync(join(dir, 'fifo'), path)
  await t.rejects(next, { code: 'ERR_APPARMOR_LOG', path, message: /not a file/ })
  t.match(await log.next(), { done: true })
})

t.test('a file that becomes one that this user may not read', async (t) => {
  const own = join(dir, 'own')
  fs.mkdirSync(own)
  if (isRoot) for (const path of [dir, own]) fs.chownSync(path, 65534, 65534)
  const [path, next] = [join(own, 'log'), join(own, 'next')]
  fs.writeFileSync(path, line(1))
  fs.writeFileSync(next, line(2), { mode: 0 })
  const program = `import { follow } from ${AUDIT}
    import { renameSync } from 'node:fs'
    if (${isRoot}) { process.setgroups([]); process.setgid(65534); process.setuid(65534) }
    const log = follow({ source: ${JSON.stringify(path)}, since: new Date(0) })
    console.log((await log.next()).value.pid)
    const next = log.next()
    renameSync(${JSON.stringify(next)}, ${JSON.stringify(path)})
    await next.catch((e) => console.log(e.code, e.errno, e.path))
    console.log((await log.next()).done)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  t.equal(stdout, `1\nERR_APPARMOR_LOG -13 ${path}\ntrue\n`, stderr)
})

/** What the next records are: their pids, or why some are lost and how many. */
async function take(log: Follow, count: number): Promise<unknown[]> {
  const found: unknown[] = []
  while (found.length < count) {
    const { value } = await log.next()
    if (!value) break
    found.push(value.event === 'lost' ? `${value.reason} ${value.count}` : value.pid)
  }
  return found
}

const begin = async (path: string): Promise<Follow> => {
  const log = follow({ source: path, signal: AbortSignal.timeout(60_000) })
  const first = log.next()
  fs.appendFileSync(path, line(1))
  await first
  return log
}

t.test('a file that is rotated several times between two looks is read whole', async (t) => {
  const path = join(dir, 'busy.log')
  fs.writeFileSync(path, '')
  const log = await begin(path)
  const rotate = (): void => {
    for (const number of [2, 1]) {
      if (fs.existsSync(`${path}.${number}`)) {
        fs.renameSync(`${path}.${number}`, `${path}.${number + 1}`)
      }
    }
    fs.renameSync(path, `${path}.1`)
  }
  for (let serial = 2; serial < 5; serial++) {
    fs.appendFileSync(path, line(serial))
    rotate()
  }
  fs.writeFileSync(path, line(5))
  t.strictSame(await take(log, 4), [2, 3, 4, 5])
  await log.return?.()
})

t.test('what was rotated away before it was read is told', async (t) => {
  const path = join(dir, 'gone.log')
  fs.writeFileSync(path, '')
  const log = await begin(path)
  fs.rmSync(path)
  fs.writeFileSync(path, line(5))
  t.strictSame(await take(log, 2), [5, 'rotation 3'])
  await log.return?.()
})

t.test('a new file that is still empty does not end the old one', async (t) => {
  const path = join(dir, 'slow.log')
  fs.writeFileSync(path, '')
  const log = await begin(path)
  fs.renameSync(path, `${path}.1`)
  fs.writeFileSync(path, '')
  const second = log.next()
  await pause(300)
  fs.appendFileSync(`${path}.1`, line(2))
  t.match(await second, { value: { pid: 2 } })
  fs.appendFileSync(path, line(3))
  t.strictSame(await take(log, 1), [3])
  await log.return?.()
})

t.test('half a line before a cut is not joined with what comes behind it', async (t) => {
  const path = join(dir, 'cut.log')
  fs.writeFileSync(path, '')
  const log = await begin(path)
  fs.appendFileSync(path, line(2).slice(0, 60))
  const cut = take(log, 3)
  await pause(300)
  fs.truncateSync(path)
  await pause(300)
  fs.appendFileSync(path, line(3))
  t.match((await cut).at(-1), 3)
  await log.return?.()
})

t.test('a line of any length does not hold up the next', async (t) => {
  const path = join(dir, 'long.log')
  fs.writeFileSync(path, '')
  const log = await begin(path)
  fs.appendFileSync(path, `${'x'.repeat(1 << 25)}\n${line(2)}`)
  // 512 pieces: with a pause behind each it would take longer than the signal lets it.
  t.strictSame(await take(log, 1), [2])
  await log.return?.()
})
