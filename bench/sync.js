// The claims: a sync of 200 files that have not changed takes at most 5 % of compiling them, and a first sync is no
// slower than apparmor_parser over the same directory. Needs a kernel with AppArmor, and root.
//
//   npm run guest -- node bench/sync.js [FILES]
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sync } from 'apparmor/policy'
import { plot, report } from './report.js'

const FILES = Number(process.argv[2] ?? 200)
const root = mkdtempSync(join(tmpdir(), 'apparmor-bench-'))
const directory = join(root, 'policy')
const empty = join(root, 'empty')
mkdirSync(directory)
mkdirSync(empty)
for (let i = 0; i < FILES; i++) {
  writeFileSync(
    join(directory, `file-${i}`),
    `include <tunables/global>
profile apparmor-bench-${i} {
  include <abstractions/base>
  include <abstractions/nameservice>
  capability net_bind_service,
  network inet stream,
  /srv/site-${i}/** r,
  owner /var/lib/site-${i}/{,**} rwk,
  /usr/bin/helper-${i} Px -> helper,
}
`,
  )
}
const options = { owner: 'bench', state: join(root, 'state') }

/** @param {() => unknown} work */
async function seconds(work) {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

/** @param {readonly string[]} args */
function parser(args) {
  const { status, stderr } = spawnSync('apparmor_parser', [...args, '-K', directory], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
}

/** @param {string} from @param {number} expected */
async function syncAll(from, expected) {
  const { steps, errors } = await sync(from, options)
  if (errors.length > 0) throw errors[0].error
  if (steps.length !== expected) throw new Error(`${steps.length} steps, not ${expected}`)
}

try {
  const cold = await seconds(() => syncAll(directory, FILES))
  const unchanged = await seconds(() => syncAll(directory, 0))
  await syncAll(empty, FILES)
  const peer = await seconds(() => parser(['-r']))
  parser(['-R'])
  const share = (100 * unchanged) / peer
  report(
    `sync of ${FILES} unchanged files, of compiling them`,
    `${share.toFixed(1)} %`,
    'at most 5 %',
    share <= 5,
  )
  report(
    'first sync, of apparmor_parser -r',
    `${(cold / peer).toFixed(2)}×`,
    'at most 1×',
    cold <= peer,
  )
  plot({
    name: 'sync',
    x: `${FILES} files`,
    y: 'seconds',
    rows: [
      [
        'all files',
        { 'apparmor_parser -r': peer, 'first sync()': cold, 'sync(), nothing changed': unchanged },
      ],
    ],
  })
  console.log(`       ${cold.toFixed(1)} s, ${unchanged.toFixed(2)} s, ${peer.toFixed(1)} s`)
} finally {
  rmSync(root, { recursive: true })
}
