/**
 * Makes the kernel write one record, which any process may: a request to its own attributes that is no request. It is
 * refused as malformed, and refusals of that kind are always written down (lsm.c, setprocattr). Nothing else happens.
 */
import { fs } from '../../border/node.ts'
import type { AuditRecord } from '../record.ts'

const FILES = ['/proc/thread-self/attr/apparmor/current', '/proc/thread-self/attr/current']
const NONSENSE = 'apparmor-audit-probe nothing'

/** @returns whether the kernel has refused it */
export function provoke(): boolean {
  const file = FILES.find((path) => fs.existsSync(path))
  if (file === undefined) return false
  try {
    fs.writeFileSync(file, NONSENSE)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EINVAL'
  }
}

/** Whether a record may be the one that {@link provoke} has made. */
export const isProbe = (record: AuditRecord): boolean =>
  record.class === 'attr' && record.pid === process.pid
