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

/** The result of {@link status}. */
export interface Status {
  /** `null` when the policy may not be read; {@link policyError} says why */
  readonly profiles: readonly LoadedProfile[] | null
  readonly policyError: AppArmorError | null
  readonly processes: readonly ConfinedProcess[]
  readonly counts: {
    readonly profiles: Readonly<Record<Exclude<Mode, 'mixed'>, number>>
    readonly processes: ProcessCounts
  }
  /** the revision of the policy in the caller's namespace, before and after it was read; `null` when unknown */
  readonly revision: { readonly before: number; readonly after: number } | null
  /** `true` when no policy in any visible namespace changed while it was being read; `null` when unknown */
  readonly consistent: boolean | null
  /** whether /proc hides processes from this one (hidepid), so that there may be more of them */
  readonly hidden: boolean
}

/** Numbers of processes. Threads of the kernel and zombies are not counted. */
export interface ProcessCounts extends Readonly<Record<Mode, number>> {
  /** under no profile at all (`unconfined`) */
  readonly none: number
  /** those whose label may not be read */
  readonly unreadable: number
  /** those with a thread whose label differs */
  readonly partial: number
  /** unconfined, although a loaded profile is attached to their program */
  readonly expected: number
}

/**
 * Reports what is loaded and what is confined, with counts: what `aa-status` reports, and what it leaves out.
 *
 * State can change while it is being read: `revision` and `consistent` tell whether the policy did. In a container
 * that does not see the policy interface, `profiles` is `null`, and the processes are still reported.
 *
 * @returns profiles, processes and counts. Limited visibility is always reported: see `policyError`, `hidden` and
 *   `counts.processes.unreadable`
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
