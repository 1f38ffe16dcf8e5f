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

/** Options of the functions in `cache`. */
export interface CacheOptions {
  /** the directory of the cache; default: `/var/cache/apparmor`, which apparmor_parser uses */
  readonly cache?: string | URL
}

const PLACE = '/var/cache/apparmor'

function readPlace(options: unknown): string {
  const { cache } = readOptions<CacheOptions>(options, ['cache'])
  refuseUnknown(options, ['cache'])
  return cache === undefined ? PLACE : readPath(cache, 'options.cache')
}

/**
 * Returns the directory for the running kernel's cached policy, whether or not it exists. Each feature set has a
 * directory of its own.
 *
 * It creates nothing. Rests on aa_policy_cache(3).
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
 * Removes the cached policy for all kernels. Loaded policy stays loaded. Rests on aa_policy_cache(3).
 *
 * @param options see {@link CacheOptions}
 * @throws `AppArmorError` (rejects) `ENOENT` there is no such directory; `EACCES`, `EPERM` it belongs to somebody
 *   else
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
 * Loads everything that is cached for the running kernel, and replaces profiles with the same names. It needs no
 * compiler, and is meant for the boot.
 *
 * **It loads what was compiled last, even if the text has changed since**, and it cannot check any text. So it
 * refuses a cache that other users can write to. Rests on aa_policy_cache(3).
 *
 * @param options see {@link CacheOptions}
 * @returns the profiles that are now in force
 * @throws `AppArmorError` (rejects) `ERR_APPARMOR_CACHE_FOREIGN` other users can write to it;
 *   `ERR_APPARMOR_CACHE_DAMAGED` a file in it is not binary policy; `ENOENT` there is no cache for this kernel; those
 *   of
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
