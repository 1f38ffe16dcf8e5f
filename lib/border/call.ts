/** Calls into the binary; what it throws becomes an {@link AppArmorError} that tells the truth. */
import { errnoName } from './errno.ts'
import { AppArmorError, ownProperties, type Failure } from './errors.ts'
import { native, type Native } from './native.ts'
import { fs } from './node.ts'

type Subject = Pick<Failure, 'profile' | 'path' | 'pid'>

export function callNative<T>(call: (native: Native) => T, subject: Subject = {}): T {
  const binary = native()
  try {
    return call(binary)
  } catch (error) {
    throw toAppArmorError(error, subject)
  }
}

export async function callNativeAsync<T>(call: (native: Native) => Promise<T>): Promise<T> {
  const binary = native()
  try {
    return await call(binary)
  } catch (error) {
    throw toAppArmorError(error)
  }
}

/** What the binary has thrown, made true; anything else is returned as it is. */
export function toAppArmorError(error: unknown, subject: Subject = {}): unknown {
  if (!(error instanceof Error && 'errno' in error)) return error
  return new AppArmorError(diagnose(native(), { ...(error as Error & Failure), ...subject }))
}

/** The error for a refusal that another process has seen. */
export function diagnosed(failure: Failure): AppArmorError {
  return new AppArmorError(diagnose(native(), failure))
}

/** What a dry run answers: refused, or not; anything else is thrown. */
export function wouldSucceed(dryRun: () => void): boolean {
  try {
    dryRun()
    return true
  } catch (error) {
    const code = error instanceof AppArmorError ? error.code : ''
    if (['ENOENT', 'ECHILD', 'EACCES', 'EPERM'].includes(code)) return false
    throw error
  }
}

// Without AppArmor each call fails with an errno of its own choice; only aa_is_enabled knows why.
// And ENOENT may speak of the profile, of the process, or of a /proc that is not mounted.
function diagnose(binary: Native, found: Failure): Failure {
  const failure = ownProperties(found)
  const { syscall = '' } = failure
  const code = errnoName(failure.errno ?? 0)
  if (code === 'EBUSY' && syscall.endsWith('_onexec')) {
    return { ...failure, code: 'ERR_APPARMOR_IN_HAT' }
  }
  if (code === 'EBUSY' && syscall.startsWith('aa_change_hat')) {
    return { ...failure, code: 'ERR_APPARMOR_ONEXEC_SET' }
  }
  if (code === 'EALREADY') {
    const { errno: _, ...rest } = failure
    return { ...rest, code: 'ERR_APPARMOR_IN_HAT' }
  }
  if (syscall === 'io_uring') return { code: 'ERR_APPARMOR_IO_URING', profile: failure.profile }
  if (syscall === 'getdents64' && ['ENOENT', 'EPROTONOSUPPORT'].includes(code)) {
    return { ...failure, code: 'ERR_APPARMOR_NO_PROCFS' }
  }
  if (code === 'ENOTSUP' && binary.availability().errno === 0) {
    return { ...failure, code: 'ERR_APPARMOR_FEATURE_MISSING' }
  }
  const refused = REFUSALS.includes(code) && /^aa_(change|stack)_/.test(syscall)
  if (refused && failure.path === undefined) {
    return { ...failure, label: ownLabel(binary) }
  }
  const missingFile = code === 'ENOENT' && failure.path !== undefined
  const ambiguous =
    missingFile ||
    ['EINVAL', 'ENOTSUP', 'ENOSYS'].includes(code) ||
    syscall === 'aa_getpeercon' ||
    syscall === 'aa_find_mountpoint'
  if (!ambiguous) return failure

  const { errno } = binary.availability()
  const noProc = (missingFile && failure.path.startsWith('/proc/')) || code === 'ENOSYS'
  if (noProc && !fs.existsSync('/proc/self/stat')) {
    return { ...failure, code: 'ERR_APPARMOR_NO_PROCFS' }
  }
  if (errno === 0) return failure
  const { profile, pid } = failure
  return { errno, unavailable: true, syscall, profile, pid }
}

const REFUSALS = ['EACCES', 'EPERM', 'ECHILD', 'ENOENT']

function ownLabel(binary: Native): string | undefined {
  try {
    return binary.readAttr('current') ?? undefined
  } catch {
    return undefined // its profile hides it
  }
}
