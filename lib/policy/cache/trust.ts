/** Whether others could have put binary policy where it is read. */
import { AppArmorError } from '../../border/errors.ts'
import { fs, path } from '../../border/node.ts'

const WRITABLE_BY_OTHERS = 0o022
const STICKY = 0o1000

/**
 * Refuses a file or directory that others than root and this user could have written, or could put another one in
 * the place of. Binary policy says whatever its writer wants, and no text beside it tells.
 *
 * @returns the place without symbolic links
 */
export function refuseForeign(place: string): string {
  const real = fs.realpathSync(place)
  const above = real.split(path.sep).map((_, i, parts) => parts.slice(0, i + 1).join(path.sep))
  for (const part of above.map((part) => part || path.sep)) {
    const { uid, mode } = fs.lstatSync(part)
    const isOwn = uid === 0 || uid === process.geteuid?.()
    // In /tmp others can add names, and not change those of other users.
    const isShared = (mode & WRITABLE_BY_OTHERS) !== 0 && (part === real || (mode & STICKY) === 0)
    if (!isOwn) throw foreign(part, `it belongs to user ${uid}`)
    if (isShared) throw foreign(part, 'its mode lets others write')
  }
  return real
}

function foreign(place: string, detail: string): AppArmorError {
  return new AppArmorError({ code: 'ERR_APPARMOR_CACHE_FOREIGN', path: place, detail })
}
