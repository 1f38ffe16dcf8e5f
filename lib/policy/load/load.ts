import { callNativeAsync } from '../../border/call.ts'
import { AppArmorError } from '../../border/errors.ts'
import { readOptions } from '../../border/options.ts'
import { profiles, type LoadedProfile } from '../../inspect/profiles.ts'
import type { CompiledProfile } from '../compile/compile.ts'
import type { Diagnostic } from '../compile/diagnostic.ts'
import { readCompileOptions, type CompileOptions } from '../compile/options.ts'
import { lintInput, readAllowed, refuseDangerous, type Allowed } from '../compile/lint.ts'
import { readLoadable, type LoadableSource } from './input.ts'
import {
  joinRecords,
  qualifiedName,
  refuseHarmful,
  splitRecords,
  type RecordSet,
} from './records.ts'
import { unstick } from './unstick.ts'

/** Options of {@link load} and {@link replace}. */
export interface LoadOptions extends CompileOptions {
  /**
   * codes of dangerous findings of {@link lint} that you accept; any other dangerous finding is refused.
   * `'not-linted'`: policy that the compiler can read and this package cannot
   */
  readonly allow?: readonly Allowed[]
}

/** The result of {@link load} and {@link replace}: what is in force now. */
export interface LoadReport {
  /** the profiles that the kernel accepted */
  readonly profiles: readonly CompiledProfile[]
  /** the compiler's warnings, and the findings of {@link lint} */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Loads policy into the running kernel. It refuses to replace a profile that is already loaded.
 *
 * The kernel takes all profiles of a namespace together, or none. Loading confines no process. A process gets a
 * profile when it executes a program that the profile is attached to, or when it asks for it. Rests on
 * aa_kernel_interface(3) and
 * apparmor_parser(8).
 *
 * @param source text in the policy language, `{ file }`, or what {@link compile} made
 * @param options see {@link LoadOptions}
 * @returns the profiles that are now loaded
 * @throws {@link PolicyCompileError} (rejects) nothing was loaded
 * @throws `AppArmorError` (rejects) `EEXIST` a profile is loaded already; `EACCES`, `EPERM` this process may not
 *   load policy (it needs CAP_MAC_ADMIN, and its own profile must permit it); `ENOENT` the policy interface is not
 *   visible (most containers); `ERR_APPARMOR_POLICY_HARMFUL` for policy that would harm the kernel;
 *   {@link PolicyDangerError} `ERR_APPARMOR_POLICY_DANGEROUS` for policy that would permit more than its text says;
 *   those of
 *   {@link compile}. `done` lists the profiles of other namespaces that
 *   were loaded before the refusal
 * @throws TypeError, RangeError (reject) as {@link compile}
 * @example
 * ```js
 * import { load } from 'apparmor/policy'
 * const { profiles } = await load('profile web { /srv/** r, }')
 * ```
 */
export async function load(source: LoadableSource, options?: LoadOptions): Promise<LoadReport> {
  return put('load', source, options)
}

/**
 * Loads policy into the running kernel, and replaces profiles with the same names.
 *
 * Processes under a replaced profile are under the new version at once. If the policy does not compile, or the
 * kernel refuses it, the old policy stays in force. Rests on aa_kernel_interface(3) and apparmor_parser(8).
 *
 * @param source as for {@link load}
 * @param options as for {@link load}
 * @returns the profiles that are now in force
 * @throws as {@link load}, without `EEXIST`
 * @example
 * ```js
 * import { replace } from 'apparmor/policy'
 * await replace({ file: '/etc/apparmor.d/usr.bin.man' })
 * ```
 */
export async function replace(source: LoadableSource, options?: LoadOptions): Promise<LoadReport> {
  return put('replace', source, options)
}

async function put(
  how: 'load' | 'replace',
  source: LoadableSource,
  options: LoadOptions | undefined,
): Promise<LoadReport> {
  const { allow } = readOptions<LoadOptions>(options, ['allow'])
  const allowed = readAllowed(allow)
  const read = readCompileOptions(options, ['allow'])
  const { records, diagnostics, input } = await readLoadable(source, read)
  const silent = input === null ? [] : await lintInput(input, read)
  refuseDangerous(silent, allowed)
  const sets = splitRecords(records)
  const there = await known()
  for (const set of sets) refuseHarmful(set, there)
  const done = await putSets(how, sets, there)
  return Object.freeze({
    profiles: Object.freeze(done),
    diagnostics: Object.freeze([...diagnostics, ...silent]),
  })
}

/**
 * Gives the kernel what {@link refuseHarmful} has let pass.
 *
 * @param there what the kernel has
 * @returns the profiles of all sets
 */
export async function putSets(
  how: 'load' | 'replace',
  sets: readonly RecordSet[],
  there: readonly CompiledProfile[] | null,
): Promise<readonly CompiledProfile[]> {
  const done: CompiledProfile[] = []
  for (const set of sets) {
    try {
      await putSet(how, set, there)
    } catch (error) {
      throw refused(error, set.namespace, set.records, there, done)
    }
    done.push(...set.records.map(({ namespace, name }) => Object.freeze({ namespace, name })))
  }
  return done
}

async function putSet(
  how: 'load' | 'replace',
  set: RecordSet,
  there: readonly CompiledProfile[] | null,
): Promise<void> {
  const binary = joinRecords(set)
  const write = (): Promise<unknown> => callNativeAsync((native) => native.loadPolicy(how, binary))
  try {
    await write()
  } catch (error) {
    const isStuck =
      isRefusal(error) &&
      error.code === 'EEXIST' &&
      (how === 'replace' || !set.records.some((record) => isThere(record, there)))
    if (!isStuck || !(await unstick().catch(() => false))) throw error
    await write()
  }
}

const isThere = (
  { namespace, name }: CompiledProfile,
  there: readonly CompiledProfile[] | null,
): boolean =>
  there?.some((profile) => profile.namespace === namespace && profile.name === name) ?? false

// The kernel says which errno, and not which of the profiles it means.
function refused(
  error: unknown,
  namespace: string | null,
  records: readonly CompiledProfile[],
  there: readonly CompiledProfile[] | null,
  loaded: readonly CompiledProfile[],
): unknown {
  if (!isRefusal(error)) return error
  const { code, errno, syscall, path } = error
  const culprits = code === 'EEXIST' ? records.filter((record) => isThere(record, there)) : []
  const named = (culprits.length > 0 ? culprits : records).map(({ name }) =>
    qualifiedName(namespace, name),
  )
  return new AppArmorError({
    code,
    ...(errno === undefined ? {} : { errno }),
    syscall,
    path,
    profile: named.join("', '"),
    done: loaded.map(({ namespace, name }) => qualifiedName(namespace, name)),
    cause: error,
  })
}

/** Whether the kernel has refused the policy, and not that there is nobody to ask. */
export function isRefusal(error: unknown): error is AppArmorError {
  return error instanceof AppArmorError && (error.syscall ?? '').startsWith('aa_kernel_interface_')
}

/** What the kernel has, or `null` where that may not be read. */
async function known(): Promise<readonly LoadedProfile[] | null> {
  try {
    return await profiles()
  } catch (error) {
    if (error instanceof AppArmorError) return null
    throw error
  }
}
