import { checkLabel } from '../../border/args.ts'
import { nameFault } from '../../border/name.ts'
import { callNativeAsync } from '../../border/call.ts'
import { AppArmorError, invalidArgValue } from '../../border/errors.ts'
import { readOptions } from '../../border/options.ts'
import { parseLabel } from '../../inspect/label.ts'
import { processes, type ConfinedProcess } from '../../inspect/processes.ts'
import { readCompileOptions, type CompileOptions } from '../compile/options.ts'
import { isRefusal } from './load.ts'
import { readLoadable, type LoadableSource } from './input.ts'
import { qualifiedName } from './records.ts'

/** Options of {@link remove}. */
export interface RemoveOptions extends CompileOptions {
  /**
   * what to do when processes run under the profile: `'refuse'` (default), or `'unconfine'`. Removing a profile
   * unconfines every process under it at once
   */
  readonly running?: 'refuse' | 'unconfine'
}

/** What {@link remove} takes: policy, as {@link load} does, or the name of a loaded profile. */
export type RemovableSource = LoadableSource | { readonly profile: string }

/**
 * Removes profiles from the running kernel, with their child profiles and hats.
 *
 * **A process under a removed profile is unconfined from then on.** So by default the call refuses to remove a
 * profile that a process runs under. Rests on aa_kernel_interface(3).
 *
 * @param source `{ profile }` for one profile by its name; or policy, for all profiles that it defines
 * @param options see {@link RemoveOptions}
 * @returns the names of the removed profiles
 * @throws `AppArmorError` (rejects) `ENOENT` no such profile; `ERR_APPARMOR_PROFILE_IN_USE` processes run
 *   under it, the first of them in `pid`; `EACCES`, `EPERM` as {@link load}. `done` lists the profiles that were
 *   removed before
 * @throws {@link PolicyCompileError}, TypeError, RangeError (reject) as {@link load}
 * @example
 * ```js
 * import { remove } from 'apparmor/policy'
 * await remove({ profile: 'web' })
 * ```
 */
export async function remove(
  source: RemovableSource,
  options?: RemoveOptions,
): Promise<readonly string[]> {
  const { running = 'refuse' } = readOptions<RemoveOptions>(options, ['running'])
  if (running !== 'refuse' && running !== 'unconfine') {
    throw invalidArgValue('options.running', "must be 'refuse' or 'unconfine'", running)
  }
  const names = await namesIn(source, options)
  if (running === 'refuse') await refuseRunning(names)
  const removed: string[] = []
  for (const name of names) {
    try {
      await callNativeAsync((native) => native.removePolicy(name))
    } catch (error) {
      if (!isRefusal(error)) throw error
      const { code, errno, syscall } = error
      throw new AppArmorError({
        code,
        ...(errno === undefined ? {} : { errno }),
        syscall,
        profile: name,
        done: removed,
        cause: error,
      })
    }
    removed.push(name)
  }
  return Object.freeze(removed)
}

async function namesIn(
  source: RemovableSource,
  options: RemoveOptions | undefined,
): Promise<readonly string[]> {
  const compileOptions = readCompileOptions(options, ['running'])
  if (typeof source === 'object' && source !== null && Object.hasOwn(source, 'profile')) {
    const { profile } = source as { profile: unknown }
    checkLoadedName(profile, 'source.profile')
    const [part, ...others] = parseLabel(profile)
    if (part === undefined || others.length > 0) {
      throw invalidArgValue('source.profile', 'must name one profile', profile)
    }
    return [qualifiedName(part.namespace, part.path.join('//'))]
  }
  const { records } = await readLoadable(source as LoadableSource, compileOptions)
  // A child profile goes with its parent.
  const all = new Set(records.map(({ namespace, name }) => qualifiedName(namespace, name)))
  return [...all].filter((name) => !all.has(name.slice(0, Math.max(0, name.lastIndexOf('//')))))
}

// As checkProfile, but for newlines: the policy interface takes them, and only the attributes of processes do not. At
// an end the kernel may take them off, and remove another profile.
function checkLoadedName(value: unknown, argument: string): asserts value is string {
  checkLabel(value, argument)
  const fault = /^\n|\n$/.test(value)
    ? 'must not begin or end with a newline'
    : nameFault(value.replaceAll('\n', '_'))
  if (fault !== undefined) throw invalidArgValue(argument, fault, value)
}

async function refuseRunning(names: readonly string[]): Promise<void> {
  const [first, ...others] = await processesUnder(names)
  if (!first) return
  throw new AppArmorError({
    code: 'ERR_APPARMOR_PROFILE_IN_USE',
    profile: names.join("', '"),
    pid: first.pid,
    detail: `${others.length + 1} processes, one of them ${first.pid} (${first.command})`,
  })
}

/**
 * The processes that run under one of these profiles, or under a child profile or a hat of one, in a stack too.
 *
 * @param names as the kernel takes them: `:ns:web`
 */
export function processesUnder(names: readonly string[]): Promise<readonly ConfinedProcess[]> {
  const isUnder = (label: string): boolean =>
    parseLabel(label).some(({ namespace, path }) =>
      path.some((_, i) =>
        names.includes(qualifiedName(namespace, path.slice(0, i + 1).join('//'))),
      ),
    )
  return processes({ label: isUnder })
}
