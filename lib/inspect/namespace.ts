import { AppArmorError } from '../border/errors.ts'
import { fs } from '../border/node.ts'
import { decode } from '../border/text.ts'
import { findMountpoint } from './availability.ts'

const SECURITYFS_MAGIC = 0x73636673

/**
 * Whether the calling thread is in a policy namespace of this name, such as `ns` or `outer//ns`. The kernel tells
 * the last part of the own name, and how deep it is.
 *
 * @throws {@link AppArmorError} `ERR_APPARMOR_NAMESPACE_UNKNOWN`
 */
export function isOwnNamespace(namespace: string): boolean {
  const path = namespace.split('//')
  return path.at(-1) === ask('.ns_name') && path.length <= Number(ask('.ns_level'))
}

function ask(name: string): string {
  try {
    const file = `${findMountpoint()}/${name}`
    if (fs.statfsSync(file).type === SECURITYFS_MAGIC) {
      return decode(fs.readFileSync(file, 'latin1')).replace(/\n$/, '')
    }
    throw new Error(`${file} is not the kernel's`)
  } catch (error) {
    const detail = (error as Error).message
    throw new AppArmorError({ code: 'ERR_APPARMOR_NAMESPACE_UNKNOWN', detail, cause: error })
  }
}
