// What the kernel answers for a compiled policy, put beside what decide says.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { decide, type Policy, type Question } from 'apparmor/policy'
import type { Test } from 'tap'
import type { Random } from './random.ts'

const { queryLabel } = createRequire(import.meta.url)(resolve('build/Release/apparmor.node')) as {
  queryLabel(
    label: string,
    match: string,
  ): [allow: number, deny: number, audit: number, quiet: number]
}

export type Asked = Question extends infer Q
  ? Q extends Question
    ? Omit<Q, 'profile'>
    : never
  : never

/** A question for decide, and for the kernel. */
export interface Pair {
  readonly ask: Asked
  readonly match: string
  readonly mask: number
  /** the kernel keeps nothing of whether it is audited */
  readonly silent?: boolean
}

/** Of each class: rules, and questions to them. */
export type Classes = Readonly<Record<string, { rule: () => string; pair: () => Pair }>>

export const byte = (...bytes: readonly number[]): string => String.fromCharCode(...bytes)

/**
 * Loads policies of random rules, and asks the kernel and decide the same.
 *
 * @param load loads the rules under the name, and reads them
 */
export function compareAnswers(
  t: Test,
  classes: Classes,
  { name, random, load }: { name: string; random: Random; load: (rules: string) => Policy },
): void {
  const [POLICIES, QUESTIONS] = [8, 70]
  const counts = Object.entries(classes).map(([name, one]) => ({
    name,
    ...one,
    asked: 0,
    allowed: 0,
    odd: [] as string[],
  }))
  for (let i = 0; i < POLICIES; i++) {
    const rules = counts.flatMap(({ rule }) => random.many(4, rule)).join('\n')
    const policy = load(rules)
    for (const count of counts) {
      for (let j = 0; j < QUESTIONS; j++) {
        const { ask, match, mask, silent } = count.pair()
        const answer = decide(policy, { profile: name, ...ask } as Question)
        const [allow, , audit, quiet] = queryLabel(name, match)
        const is = (allow & mask) === mask
        const audited = is ? (audit & mask) !== 0 : (quiet & mask) === 0
        count.asked++
        if (is) count.allowed++
        if (is === answer.allowed && (silent || audited === answer.audited)) continue
        const said = `kernel ${is} ${audited}, decided ${answer.allowed} ${answer.audited}`
        count.odd.push(`${JSON.stringify(ask)}: ${said}\n${rules}`)
      }
    }
  }
  for (const { name, asked, allowed, odd } of counts) {
    t.comment(
      `${name}: ${asked - odd.length} of ${asked} answers alike, ${allowed} of them allowed`,
    )
    t.ok(allowed > 0 && allowed < asked, `${name}: some are allowed, some are not`)
    t.strictSame(odd.slice(0, 3), [], `${name}: ${odd.length} of ${asked} are not alike`)
  }
}
