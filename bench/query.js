// The claim: queryFile() costs at most one and a half times a C loop over aa_query_file_path. Rounds of
// the two take turns, and the median of the rounds' ratios counts.
//
//   node bench/query.js PEER    PEER being bench/query.c, built; root, under AppArmor
import { execFileSync } from 'node:child_process'
import { queryFile } from 'apparmor'
import { median, report } from './report.js'

const [, , peer = ''] = process.argv
const COUNT = 1000
const ROUNDS = 15
const NAME = 'apparmor-test-query-speed'
const PATH = '/srv/query/read'

const policy = `profile ${NAME} { ${PATH} r, /srv/** rw, deny /etc/shadow rw, }\n`

function ours() {
  const start = process.hrtime.bigint()
  for (let i = 0; i < COUNT; i++) queryFile(NAME, PATH, 'r')
  return Number(process.hrtime.bigint() - start) / COUNT
}

const c = () => Number(execFileSync(peer, [String(COUNT), NAME, PATH], { encoding: 'utf8' }))

execFileSync('apparmor_parser', ['-r', '-K'], { input: policy })
try {
  for (const work of [ours, c]) work()
  const rounds = Array.from({ length: ROUNDS }, () => ({ ours: ours(), c: c() }))
  const us = (/** @type {number[]} */ ns) => `${(median(ns) / 1000).toFixed(1)} µs`
  console.log(
    `queryFile() ${us(rounds.map((r) => r.ours))}, aa_query_file_path in C ` +
      `${us(rounds.map((r) => r.c))}; medians of ${ROUNDS} rounds of ${COUNT}`,
  )
  const ratio = median(rounds.map((r) => r.ours / r.c))
  report(
    'queryFile() to a C loop over aa_query_file_path',
    `${ratio.toFixed(2)}×`,
    'at most 1.50×',
    ratio <= 1.5,
  )
} finally {
  execFileSync('apparmor_parser', ['-R', '-K'], { input: policy })
}
