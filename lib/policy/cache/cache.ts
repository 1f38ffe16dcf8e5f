/** The policy cache: where binary policy is kept between boots. */
import { callNative, callNativeAsync } from '../../border/call.ts'
import { AppArmorError } from '../../border/errors.ts'
import { fs, path } from '../../border/node.ts'
import { readOptions, refuseUnknown } from '../../border/options.ts'
import { profiles } from '../../inspect/profiles.ts'
import { BlobError, readBlob, type BlobRecord } from '../compile/blob.ts'
import type { CompiledProfile } from '../compile/compile.ts'
import { policyFiles } from '../compile/files.ts'
import { readPath } from '../compile/source.ts'
import { refuseHarmful, splitRecords } from '../load/records.ts'
import { refuseForeign } from './trust.ts'

/** Which cache is meant. */
export interface CacheOptions {
  /** default `/var/cache/apparmor`, that of apparmor_parser */
  readonly cache?: string | URL
}

const PLACE = '/var/cache/apparmor'

function readPlace(options: unknown): string {
  const { cache } = readOptions<CacheOptions>(options, ['cache'])
  refuseUnknown(options, ['cache'])
  return cache === undefined ? PLACE : readPath(cache, 'options.cache')
}

/**
 * Tells where the cached policy for the running kernel lies, or would: each set of features has a directory of its own.
 *
 * It makes nothing. Rests on aa_policy_cache(3).
 *
 * @param options see {@link CacheOptions}
 * @returns an absolute path: `/var/cache/apparmor/8f1c9a2e.0`
 * @throws `AppArmorError` the codes of `features` when the kernel's cannot be seen
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { cache } from 'apparmor/policy'
 * console.log(cache.directory())
 * ```
 */
export function directory(options?: CacheOptions): string {
  const place = readPlace(options)
  return callNative((native) => native.policyCacheDirectory(place, '', false), { path: place })
}

/**
 * Removes cached policy, for the features of all kernels. What is loaded stays loaded. Rests on aa_policy_cache(3).
 *
 * @param options see {@link CacheOptions}
 * @throws `AppArmorError` (rejects) `ENOENT` there is no such directory; `EACCES`, `EPERM` it belongs to others
 * @throws TypeError as {@link directory} (rejects)
 * @example
 * ```js
 * import { cache } from 'apparmor/policy'
 * await cache.remove({ cache: '/var/cache/my-app' })
 * ```
 */
export async function remove(options?: CacheOptions): Promise<void> {
  const place = readPlace(options)
  if (!fs.existsSync(place)) {
    throw new AppArmorError({ errno: -2, syscall: 'aa_policy_cache_remove', path: place })
  }
  await callNativeAsync((native) => native.removePolicyCache(place))
}

/**
 * Loads all that is cached for the running kernel, in the place of profiles with the same names: what a boot does,
 * without a compiler.
 *
 * **It loads what was compiled last, whatever the text says by now**, and it can check no text. So a cache that
 * others could have written is refused. Rests on aa_policy_cache(3).
 *
 * @param options see {@link CacheOptions}
 * @returns the profiles that are in force now
 * @throws `AppArmorError` (rejects) `ERR_APPARMOR_CACHE_FOREIGN` others can write there;
 *   `ERR_APPARMOR_CACHE_DAMAGED` a file in it is no binary policy; `ENOENT` there is no cache for this kernel; those of
 *   {@link replace}
 * @throws TypeError as {@link directory} (rejects)
 * @example
 * ```js
 * import { cache } from 'apparmor/policy'
 * const profiles = await cache.replaceAll()
 * ```
 */
export async function replaceAll(options?: CacheOptions): Promise<readonly CompiledProfile[]> {
  const place = readPlace(options)
  const entries = callNative((native) => native.policyCacheDirectory(place, '', false))
  const records = fs.existsSync(entries) ? readAll(entries) : []
  const loaded = await profiles()
  // Each file is one write of its own.
  for (const one of records) for (const set of splitRecords(one)) refuseHarmful(set, loaded)
  await callNativeAsync((native) => native.loadPolicyCache(place))
  return Object.freeze(
    records.flat().map(({ namespace, name }) => Object.freeze({ namespace, name })),
  )
}

function readAll(entries: string): readonly (readonly BlobRecord[])[] {
  const real = refuseForeign(entries)
  return policyFiles(real).map((name) => {
    const file = path.join(real, name)
    refuseForeign(file)
    try {
      return readBlob(fs.readFileSync(file))
    } catch (cause) {
      if (!(cause instanceof BlobError)) throw cause
      throw new AppArmorError({
        code: 'ERR_APPARMOR_CACHE_DAMAGED',
        path: file,
        detail: cause.message,
        cause,
      })
    }
  })
}
