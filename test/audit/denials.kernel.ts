import { spawn as plainSpawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { denialsOf, type LogRecord } from 'apparmor/audit'
import { spawn } from 'apparmor/child_process'
import { remove, replace } from 'apparmor/policy'
import t from 'tap'
import { makeFiles } from '../support/files.ts'

const { dir } = makeFiles(t)
const NAME = 'apparmor-test-denials'
const at = (name: string) => join(dir, name)

const OTHER = `${NAME}-other`

t.before(async () => {
  for (const name of [NAME, OTHER]) {
    await replace(`profile ${name} {
  /{,usr/}{,s}bin/** mrix,
  /{,usr/}lib{,32,64}/** mr,
  /{etc,proc,usr/share,usr/local}/** r,
  /{,**/} r,
  /dev/{null,tty} rw,
  signal receive peer=unconfined,
}
`)
  }
})
// Some of the processes may not have ended yet.
t.teardown(async () => {
  for (const profile of [NAME, OTHER]) await remove({ profile }, { running: 'unconfine' })
})

const sh = (command: string, profile = NAME) =>
  spawn('/bin/sh', ['-c', command], { profile, stdio: 'ignore' })
const signal = () => AbortSignal.timeout(60_000)

async function names(denials: AsyncIterable<LogRecord>): Promise<string[]> {
  const found: string[] = []
  for await (const record of denials) {
    if (record.event === 'lost') throw new Error(`${record.reason} ${record.count}`)
    if (record.name?.startsWith(dir)) found.push(record.name.slice(dir.length + 1))
  }
  return found
}

t.test('the denials of a child and of all that it starts, and no others', async (t) => {
  for (const name of ['one', 'two', 'three', 'four', 'other']) writeFileSync(at(name), name)
  const bystander = plainSpawn('/bin/sh', ['-c', 'sleep 0.2'])
  const child = sh(
    `read x < ${at('one')}; (read x < ${at('two')}); sh -c 'cat ${at('three')}'; exec cat ${at('four')}`,
  )
  const other = sh(`sleep 0.1; read x < ${at('other')}`, OTHER)
  const [found, others] = await Promise.all([
    names(denialsOf(child, { source: 'kmsg', signal: signal() })),
    names(denialsOf(other, { source: 'kmsg', signal: signal() })),
  ])
  t.strictSame(found.sort(), ['four', 'one', 'three', 'two'])
  t.strictSame(others, ['other'])
  bystander.kill()
})

t.test('descendants that outlive it, and records that arrive after its exit', async (t) => {
  for (const name of ['soon', 'late']) writeFileSync(at(name), name)
  const child = sh(`(sleep 1; cat ${at('late')}; sleep 0.1) & cat ${at('soon')}`)
  const denials = denialsOf(child, { source: 'kmsg', signal: signal() })
  await once(child, 'exit')
  t.strictSame(await names(denials), ['soon', 'late'], 'read only after the exit')
})

t.test('it ends with a signal, with return, and without a child to follow', async (t) => {
  const child = sh('sleep 60')
  const stop = new AbortController()
  const aborted = denialsOf(child, { source: 'kmsg', signal: stop.signal })
  const next = aborted.next()
  setTimeout(() => stop.abort(), 50)
  await t.rejects(next, { name: 'AbortError' })
  const left = denialsOf(child, { source: 'kmsg' })
  const waiting = left.next()
  await left.return?.()
  t.match(await waiting, { done: true })
  child.kill()
  await once(child, 'exit')
  t.throws(() => denialsOf(child), { code: 'ERR_INVALID_ARG_VALUE' })
  t.throws(() => denialsOf(null as never), { code: 'ERR_INVALID_ARG_TYPE' })
})
