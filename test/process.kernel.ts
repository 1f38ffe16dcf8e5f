import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { afterScript } from './support/child.ts'
import { makeFiles } from './support/files.ts'
import { reportOf } from './support/program.ts'

const PROFILE = 'apparmor-test-process'

const { dir, allowed } = makeFiles(t)
void allowed
for (const fifo of ['fifo', 'fifo2']) execFileSync('mkfifo', [join(dir, fifo)])
writeFileSync(join(dir, 'next'), 'next')
writeFileSync(join(dir, 'hosts'), '192.0.2.7 in-hosts.test\n')
writeFileSync(join(dir, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:10\n')

const NEIGHBOUR = ['allowed', 'allowed']
const BEFORE = { sync: 'denied', async: 'denied', neighbour: NEIGHBOUR }
const AFTER = { sync: 'EACCES', async: 'EACCES', neighbour: NEIGHBOUR }

t.test('every thread is confined, whatever it does at that moment', async (t) => {
  const mounts = ['hosts', 'resolv.conf'].map((name) => `mount --bind ${dir}/${name} /etc/${name}`)
  const through = afterScript(mounts.join('; '), 'unshare', '-m')
  const said = reportOf('threads', [dir], { through, env: { UV_THREADPOOL_SIZE: '8' } })

  t.match(said.result, { label: PROFILE, mode: 'enforce' })
  t.equal(said.result.threads, said.threads.length)
  t.ok(said.threads.length >= 20, `${said.threads.length} threads`)
  t.ok(said.threads.every(({ label }: { label: string }) => label === PROFILE))
  t.strictSame(said.inspectors, [PROFILE], 'the inspector’s signal thread')

  t.strictSame(said.before, { ...BEFORE, hosts: '192.0.2.7' })
  t.strictSame({ ...said.after, hosts: '' }, { ...AFTER, hosts: '' })
  t.match(said.after.hosts, /^E/, 'getaddrinfo may not read /etc/hosts')
  for (const worker of said.workers) {
    t.strictSame(worker.before, BEFORE, `a Worker that ${worker.activity}: before`)
    t.strictSame(worker.after, AFTER, `a Worker that ${worker.activity}: after`)
    t.strictSame(worker.errors, [], `a Worker that ${worker.activity}: goes on`)
  }
  t.strictSame(said.workers.at(-1).child, ['denied', 'status 1', 'allowed'], 'a Worker’s child')
  t.strictSame(said.blocked, ['read', 'opened', '192.0.2.1'], 'blocked calls go on')
  t.match(said, { timers: true, served: 'served', zipped: true, derived: true })
})
