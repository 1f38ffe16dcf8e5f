import { AppArmorError } from '../border/errors.ts'
import type { Mode } from './label.ts'
import { readProcesses, type ConfinedProcess } from './processes.ts'
import {
  readPolicy,
  revisions,
  sameRevisions,
  type LoadedProfile,
  type Revisions,
} from './profiles.ts'

/** What {@link status} answers. */
export interface Status {
  /** `null` when the policy may not be read, for the reason that is in {@link policyError} */
  readonly profiles: readonly LoadedProfile[] | null
  readonly policyError: AppArmorError | null
  readonly processes: readonly ConfinedProcess[]
  readonly counts: {
    readonly profiles: Readonly<Record<Exclude<Mode, 'mixed'>, number>>
    readonly processes: ProcessCounts
  }
  /** of the policy of the caller's namespace, when the look began and when it ended; `null` when unknown */
  readonly revision: { readonly before: number; readonly after: number } | null
  /** whether no policy of any visible namespace has changed during the look; `null` when unknown */
  readonly consistent: boolean | null
  /** whether /proc hides processes from this one (hidepid), so that there may be more */
  readonly hidden: boolean
}

/** How many processes; threads of the kernel and zombies are not counted. */
export interface ProcessCounts extends Readonly<Record<Mode, number>> {
  /** plain unconfined: under no profile at all */
  readonly none: number
  /** whose label may not be read */
  readonly unreadable: number
  /** with a thread whose label differs */
  readonly partial: number
  /** unconfined, although a loaded profile is meant for their program */
  readonly expected: number
}

/**
 * Tells what is loaded and what is confined, with counts: what `aa-status` tells, and what it leaves out.
 *
 * The kernel cannot stop for a look: `revision` and `consistent` say whether policy was changed meanwhile.
 * In a container that does not see the policy interface, `profiles` is `null` and the processes are told.
 *
 * @returns nothing is left out silently: see `policyError`, `hidden`, `counts.processes.unreadable`
 * @throws {@link AppArmorError} (rejects) the codes of {@link availability} without AppArmor;
 *   `ERR_APPARMOR_NO_PROCFS`
 * @example
 * ```js
 * import { status } from 'apparmor'
 * const { counts, processes } = await status()
 * console.log(counts.profiles.enforce, 'profiles in enforce mode')
 * for (const { pid, expected } of processes) if (expected) console.log(pid, 'should run under', expected)
 * ```
 */
export async function status(): Promise<Status> {
  let policyError: AppArmorError | null = null
  const policy = await readPolicy().catch((error: unknown) => {
    if (!(error instanceof AppArmorError)) throw error
    policyError = error
    return null
  })
  const loaded = policy?.list ?? null
  const running = await readProcesses(loaded ?? [])
  const before = policy?.revisions
  const after = before && (await revisions())
  return {
    profiles: loaded,
    policyError,
    processes: running,
    counts: { profiles: countProfiles(loaded ?? []), processes: countProcesses(running) },
    revision: after ? { before: ownRevision(before), after: ownRevision(after) } : null,
    consistent: after ? sameRevisions(before, after) : null,
    // Every PID namespace has a process 1.
    hidden: !running.some(({ pid }) => pid === 1),
  }
}

const ownRevision = (found: Revisions): number => found.get('')?.revision ?? 0

function countProfiles(list: readonly LoadedProfile[]): Status['counts']['profiles'] {
  const counts = { enforce: 0, complain: 0, kill: 0, prompt: 0, unconfined: 0 }
  for (const { mode } of list) if (mode !== 'mixed') counts[mode]++
  return counts
}

function countProcesses(list: readonly ConfinedProcess[]): ProcessCounts {
  const counts = {
    enforce: 0,
    complain: 0,
    kill: 0,
    prompt: 0,
    unconfined: 0,
    mixed: 0,
    none: 0,
    unreadable: 0,
    partial: 0,
    expected: 0,
  }
  for (const { kind, label, mode, differing, expected } of list) {
    if (kind !== 'program') continue
    counts[label === null ? 'unreadable' : (mode ?? 'none')]++
    if (differing.length > 0) counts.partial++
    if (expected !== null) counts.expected++
  }
  return counts
}
