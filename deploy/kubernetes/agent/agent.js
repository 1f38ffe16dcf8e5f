// Keeps a node's policy equal to a directory, says on the node which revision is loaded, and counts for Prometheus.
//
// Environment: POLICY_DIR, STATE_DIR, PORT, NODE_NAME (none: no labels), DENIALS ("true": counts them, which needs the
// host's network and CAP_AUDIT_READ).
import { createServer } from 'node:http'
import { status } from 'apparmor'
import { follow } from 'apparmor/audit'
import { sync } from 'apparmor/policy'
import { Counter, Gauge, Registry } from 'prom-client'
import { labelNode } from './node_labels.js'
import { revisionOf } from './revision.js'

const {
  POLICY_DIR = '/policy',
  STATE_DIR = '/var/lib/apparmor-sync',
  PORT = '9733',
  NODE_NAME,
  DENIALS,
} = process.env
const OWNER = 'kubernetes'
const REVISION = 'apparmor.policy/revision'
const STATE = 'apparmor.policy/state'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort())

const registers = [new Registry()]
const profiles = new Gauge({
  name: 'apparmor_profiles',
  help: 'Loaded profiles, by mode',
  labelNames: ['mode'],
  registers,
})
const processes = new Gauge({
  name: 'apparmor_processes',
  help: 'Processes, by the mode of their label; "none" is unconfined',
  labelNames: ['mode'],
  registers,
})
const partial = new Gauge({
  name: 'apparmor_processes_half_confined',
  help: 'Processes with threads under different labels',
  registers,
})
const expected = new Gauge({
  name: 'apparmor_processes_unconfined_despite_profile',
  help: 'Unconfined processes whose program has a loaded profile: they need a restart',
  registers,
})
const denials = new Counter({
  name: 'apparmor_denials_total',
  help: 'Denials in the audit log, by class',
  labelNames: ['class'],
  registers,
})
const lost = new Counter({
  name: 'apparmor_audit_records_lost_total',
  help: 'Audit records that the kernel reports as lost',
  registers,
})
const synced = new Gauge({
  name: 'apparmor_sync_success_timestamp_seconds',
  help: 'When the policy was last equal to the directory',
  registers,
})
const errors = new Gauge({
  name: 'apparmor_sync_errors',
  help: 'Files of the directory that could not be loaded; what was in force before still is',
  registers,
})

/** What one look at the kernel tells. Each scrape takes one. */
async function look() {
  const { counts } = await status()
  const { none, unreadable, partial: half, expected: waiting, ...modes } = counts.processes
  for (const [mode, count] of Object.entries(counts.profiles)) profiles.set({ mode }, count)
  for (const [mode, count] of Object.entries({ ...modes, none, unreadable })) {
    processes.set({ mode }, count)
  }
  partial.set(half)
  expected.set(waiting)
}

async function keepPolicy() {
  const options = {
    owner: OWNER,
    state: STATE_DIR,
    signal: stop.signal,
    watch: /** @type {const} */ (true),
  }
  for await (const report of sync(POLICY_DIR, options)) {
    for (const { action, profile } of report.steps) console.log(`${action} ${profile}`)
    for (const { file, error } of report.errors) console.error(`${file}: ${error.message}`)
    errors.set(report.errors.length)
    const isWhole = report.errors.length === 0
    if (isWhole) synced.setToCurrentTime()
    if (NODE_NAME === undefined) continue
    // The API server may be away for a while. The policy is in force all the same.
    const revision = await revisionOf(POLICY_DIR)
    const labels = isWhole ? { [REVISION]: revision, [STATE]: 'synced' } : { [STATE]: 'error' }
    await labelNode(NODE_NAME, labels, stop.signal)
  }
}

async function countDenials() {
  const records = follow({ source: 'netlink', event: 'denied', signal: stop.signal })
  for await (const record of records) {
    if (record.event === 'lost') lost.inc(record.count ?? 1)
    else denials.inc({ class: record.class })
  }
}

const server = createServer(async ({ url }, response) => {
  try {
    if (url === '/healthz') response.end('ok\n')
    else if (url === '/metrics') {
      await look()
      response.setHeader('Content-Type', registers[0].contentType).end(await registers[0].metrics())
    } else response.writeHead(404).end()
  } catch (error) {
    response.writeHead(500).end(`${error.message}\n`)
  }
})
server.listen(Number(PORT))

try {
  await Promise.all([keepPolicy(), ...(DENIALS === 'true' ? [countDenials()] : [])])
} catch (error) {
  if (!stop.signal.aborted) {
    console.error(error.message)
    process.exitCode = 1 // the kubelet starts it again
  }
}
stop.abort()
server.close()
server.closeAllConnections()
