// The claim: getcon() costs at most one and a half times a C loop over aa_getcon, and less than reading
// the file. Rounds of the three take turns, and the median of the rounds' ratios counts.
//
//   node bench/getcon.js PEER    PEER being bench/getcon.c, built; root, under AppArmor
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { getcon } from 'apparmor'
import { median, report } from './report.js'

const [, , peer] = process.argv
const COUNT = 500
const ROUNDS = 15

/** @param {() => unknown} work */
function time(work) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < COUNT; i++) work()
  return Number(process.hrtime.bigint() - start) / COUNT
}

const ours = () => time(getcon)
const file = () => time(() => readFileSync('/proc/self/attr/current', 'utf8'))
const c = () => Number(execFileSync(peer, [String(COUNT)], { encoding: 'utf8' }))

for (const work of [ours, file, c]) work()
const rounds = Array.from({ length: ROUNDS }, () => ({ ours: ours(), c: c(), file: file() }))

const us = (/** @type {number[]} */ ns) => `${(median(ns) / 1000).toFixed(1)} µs`
console.log(
  `getcon() ${us(rounds.map((r) => r.ours))}, aa_getcon in C ${us(rounds.map((r) => r.c))}, ` +
    `readFileSync ${us(rounds.map((r) => r.file))}; medians of ${ROUNDS} rounds of ${COUNT}`,
)
const toC = median(rounds.map((r) => r.ours / r.c))
const toFile = median(rounds.map((r) => r.ours / r.file))
report('getcon() to a C loop over aa_getcon', `${toC.toFixed(2)}×`, 'at most 1.50×', toC <= 1.5)
report('getcon() to readFileSync of attr/current', `${toFile.toFixed(2)}×`, 'below 1×', toFile < 1)
