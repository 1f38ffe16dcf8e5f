// What the agent of deploy/kubernetes costs a node with many profiles and pods: time of the processor, memory, calls
// of the API server. No claim and no peer: figures to plan with.
//
//   node bench/fleet.js    root, under AppArmor
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { profiles } from 'apparmor'

const PROFILES = 1000
const PODS = 500
const SCRAPES = 20
const PORT = 9734
const NAME = 'apparmor-bench-fleet'
const here = mkdtempSync(join(tmpdir(), 'apparmor-bench-'))
const modules = join(here, 'agent/node_modules')

/** Seconds of the processor, and megabytes. @param {number} pid */
function costs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const cpu = [11, 12, 13, 14].reduce((sum, field) => sum + Number(stat[field]), 0) / 100
  return { cpu, memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024 }
}

const seconds = (/** @type {number} */ cpu) => `${cpu.toFixed(2)} s`

mkdirSync(join(here, 'policy'))
for (let i = 0; i < PROFILES; i++) {
  const text = `abi <abi/3.0>,\nprofile ${NAME}-${i} { file, unix, signal, network, deny /etc/${i} w, }\n`
  writeFileSync(join(here, 'policy', `${NAME}-${i}`), text)
}
cpSync('deploy/kubernetes/agent', join(here, 'agent'), { recursive: true })
mkdirSync(modules)
symlinkSync(process.cwd(), join(modules, 'apparmor'))
symlinkSync(resolve('node_modules/prom-client'), join(modules, 'prom-client'))

const pods = spawn(
  'perl',
  [
    '-e',
    `for (1 .. ${PODS}) { if (fork == 0) { sleep 3600; exit } } $| = 1; print "on"; <STDIN>; kill 'TERM', -$$`,
  ],
  { stdio: ['pipe', 'pipe', 'inherit'], detached: true },
)
await once(pods.stdout, 'data')
const { NODE_NAME: _, ...env } = process.env
const agent = spawn(process.execPath, [join(here, 'agent/agent.js')], {
  env: {
    ...env,
    POLICY_DIR: join(here, 'policy'),
    STATE_DIR: join(here, 'state'),
    PORT: String(PORT),
  },
  stdio: ['ignore', 'ignore', 'inherit'],
})
try {
  const started = performance.now()
  const pid = agent.pid ?? 0
  while ((await profiles()).filter(({ name }) => name.startsWith(NAME)).length < PROFILES) {
    if (agent.exitCode !== null) throw new Error('the agent has ended')
    await sleep(500)
  }
  const cold = costs(pid)
  console.log(
    `${PROFILES} profiles loaded at the first start in ${((performance.now() - started) / 1000).toFixed(0)} s ` +
      `(${seconds(cold.cpu)} of the processor, the parser's included), ${cold.memory.toFixed(0)} MB`,
  )
  const before = costs(pid)
  for (let i = 0; i < SCRAPES; i++) await (await fetch(`http://127.0.0.1:${PORT}/metrics`)).text()
  const after = costs(pid)
  const each = (after.cpu - before.cpu) / SCRAPES
  console.log(
    `a scrape with ${PODS} processes: ${(each * 1000).toFixed(0)} ms of the processor; ` +
      `one each 30 s takes ${((each / 30) * 100).toFixed(2)} % of one; ${after.memory.toFixed(0)} MB`,
  )
  await sleep(10_000)
  const idle = costs(pid)
  console.log(
    `ten seconds without anything to do: ${seconds(idle.cpu - after.cpu)} of the processor`,
  )
  console.log('calls of the API server: one at the start, and one for each change of the policy')
} finally {
  agent.kill()
  pods.stdin.end()
  rmSync(here, { recursive: true })
}
