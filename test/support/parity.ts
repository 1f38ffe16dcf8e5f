// Whether confined children are what Node's own are, for all that a caller can see.
import * as node from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'
import { CASES as COMMON } from './parity_cases.ts'
import { CASES as FAILURES } from './parity_failures.ts'
import { makeParityFiles } from './parity_files.ts'
import { CASES as SEEN } from './parity_seen.ts'
import { CASES as STDIO } from './parity_stdio.ts'
import { visible, type Case, type Functions, type Setting } from './parity_watch.ts'

export type { Functions, Setting }

export const CASES: Readonly<Record<string, Case>> = { ...COMMON, ...FAILURES, ...STDIO, ...SEEN }

const NOT_OPEN =
  'Node hands on the descriptor of its own that takes the number; confined, it is EBADF'

/** The cases that differ, from which Node.js on, and why. docs/children.md lists them for users. */
const DIFFERENCES: Readonly<Record<string, { readonly since: number; readonly why: string }>> =
  Object.fromEntries(
    ['spawn, stdio', 'spawnSync, stdio', 'spawnSync, stdio, forged'].flatMap((call) =>
      ['first', 'second'].map((which) => [
        `${call}: the ${which} free number`,
        { since: 0, why: NOT_OPEN },
      ]),
    ),
  )

/** Why a case is known to differ in this version. */
export function knownDifference(name: string): string | undefined {
  const { since = Infinity, why } = DIFFERENCES[name] ?? {}
  return Number.parseInt(process.versions.node, 10) >= since ? why : undefined
}

export const CONFINED = { profile: 'apparmor-test-child' } as const

/** What there is to see of a case. */
export async function observe(name: string, setting: Setting): Promise<unknown> {
  try {
    return { returned: await CASES[name]?.(setting) }
  } catch (error) {
    return { thrown: visible(error) }
  }
}

/** What is seen of a case, confined and plainly; `differs` unless that is the same. */
export async function compareCase(name: string, functions: Functions, dir: string) {
  const confined = await observe(name, { dir, confined: CONFINED, functions })
  const plain = await observe(name, { dir, confined: {}, functions: node as Functions })
  return { confined, plain, differs: !isDeepStrictEqual(confined, plain) }
}

/** Compares confined children with Node's own, for the cases of some functions. */
export function compare(t: Test, functions: Functions, names: RegExp): void {
  const dir = makeParityFiles(t)
  t.test('what is seen of a confined child is what Node shows of a plain one', async (t) => {
    const label = functions.spawnSync('cat', ['/proc/self/attr/current'], CONFINED).stdout
    t.equal(String(label), 'apparmor-test-child (enforce)\n', 'for it is confined')
    for (const name of Object.keys(CASES).filter((name) => names.test(name))) {
      t.test(name, async (t) => {
        const { confined, plain, differs } = await compareCase(name, functions, dir)
        const why = knownDifference(name)
        if (why) return void t.ok(differs, why)
        t.strictSame(confined, plain)
        t.notMatch(JSON.stringify(confined), /apparmor-launcher/)
      })
    }
  })
}
