import { checkOneOf, checkProfile } from '../../border/args.ts'
import { AppArmorError } from '../../border/errors.ts'
import { fs, path } from '../../border/node.ts'
import { encode } from '../../border/text.ts'
import { findMountpoint } from '../../inspect/availability.ts'
import { parseLabel } from '../../inspect/label.ts'
import { profiles, type LoadedProfile } from '../../inspect/profiles.ts'
import { MODE_NUMBER, readBlob, withMode } from '../compile/blob.ts'
import { replace } from './load.ts'
import { qualifiedName } from './records.ts'

/** A mode that a profile can be loaded in. */
export type LoadableMode = 'enforce' | 'complain' | 'kill' | 'unconfined'

/**
 * Loads a profile again in another mode. `aa-complain` and `aa-enforce` do the same, but need the source.
 *
 * It reads the policy back from the kernel, so it works for every loaded profile, and no file changes. Child
 * profiles and hats keep their modes. The new mode lasts until the profile is loaded again. It applies to processes
 * under the profile at once. Rests on `policy/profiles/…/raw_data` of the kernel's interface.
 *
 * @param profile the name of a loaded profile: `'web'`, `'web//upload'`, `':ns:web'`
 * @param mode `'enforce'`, `'complain'` (logs and permits), `'kill'`, `'unconfined'`
 * @throws `AppArmorError` (rejects) `ENOENT` no such profile; `ERR_APPARMOR_FEATURE_MISSING` the kernel does not
 *   show the loaded policy; those of {@link replace}
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` (reject)
 * @example
 * ```js
 * import { setMode } from 'apparmor/policy'
 * await setMode('web', 'complain')
 * ```
 */
export async function setMode(profile: string, mode: LoadableMode): Promise<void> {
  checkProfile(profile, 'profile', '')
  checkOneOf(mode, 'mode', ['enforce', 'complain', 'kill', 'unconfined'])
  const found = await find(profile)
  const record = readBlob(readRaw(found, profile)).find(({ name }) => name === found.name)
  // One that was loaded from within its namespace does not name it.
  if (record === undefined || record.namespace !== found.namespace) {
    throw missing(profile, 'the policy that the kernel shows does not hold this profile')
  }
  await replace(withMode(record, MODE_NUMBER[mode]))
}

async function find(profile: string): Promise<LoadedProfile> {
  const [part, ...others] = parseLabel(profile)
  const name = part && others.length === 0 ? part.path.join('//') : profile
  const namespace = part?.namespace ?? null
  const loaded = await profiles()
  const found = loaded.find((one) => one.name === name && one.namespace === namespace)
  if (found) return found
  throw new AppArmorError({
    errno: -2,
    syscall: 'aa_kernel_interface_replace_policy',
    profile: qualifiedName(namespace, name),
  })
}

function readRaw({ directory }: LoadedProfile, profile: string): Uint8Array {
  try {
    // The kernel leaves out what it cannot have in a directory's name, byte by byte: the rest may be no UTF-8.
    const file = path.join(findMountpoint(), directory, 'raw_data')
    return fs.readFileSync(Buffer.from(encode(file), 'latin1'))
  } catch (cause) {
    throw missing(profile, 'the kernel does not show the policy that it holds', cause)
  }
}

function missing(profile: string, detail: string, cause?: unknown): AppArmorError {
  return new AppArmorError({ code: 'ERR_APPARMOR_FEATURE_MISSING', profile, detail, cause })
}
