/** What a record is about: from its operation, or else from the kernel's class and the keys it has. */
import type { AuditClass, AuditEvent } from '../record.ts'

const operations: ReadonlyMap<string, AuditClass> = new Map<string, AuditClass>([
  ['capable', 'cap'],
  ['exec', 'exec'],
  ['signal', 'signal'],
  ['ptrace', 'ptrace'],
  ['mount', 'mount'],
  ['umount', 'mount'],
  ['pivotroot', 'mount'],
  ['setrlimit', 'rlimit'],
  ['change_profile', 'change_profile'],
  ['change_onexec', 'change_profile'],
  ['stack', 'change_profile'],
  ['stack_onexec', 'change_profile'],
  ['change_hat', 'change_hat'],
  ['setprocattr', 'attr'],
  ['userns_create', 'userns'],
  ['uring_sqpoll', 'io_uring'],
  ['uring_override', 'io_uring'],
  ['uring_cmd', 'io_uring'],
  ['profile_load', 'policy'],
  ['profile_replace', 'policy'],
  ['profile_remove', 'policy'],
  ...(
    'open mknod mkdir rmdir unlink symlink link rename_src rename_dest chmod chown truncate getattr file_perm ' +
    'file_lock file_mmap file_mprotect file_inherit file_receive inode_permission inode_create'
  )
    .split(' ')
    .map((name) => [name, 'file'] as const),
])

const kernelClasses: ReadonlyMap<string, AuditClass> = new Map<string, AuditClass>([
  ['file', 'file'],
  ['cap', 'cap'],
  ['net', 'net'],
  ['rlimits', 'rlimit'],
  ['mount', 'mount'],
  ['ptrace', 'ptrace'],
  ['signal', 'signal'],
  ['posix_mqueue', 'mqueue'],
  ['sysv_mqueue', 'mqueue'],
  ['io_uring', 'io_uring'],
  ['module', 'module'],
  ['namespace', 'namespace'],
  ['dbus', 'dbus'],
])

export interface Evidence {
  readonly event: AuditEvent
  readonly operation?: string
  readonly kernelClass?: string
  readonly family?: string
  readonly profile?: string
  readonly ouid?: number
}

export function classOf(record: Evidence): AuditClass {
  const { event, operation, kernelClass, family } = record
  const known = operation === undefined ? undefined : operations.get(operation)
  // A socket may be a file too.
  if (known !== undefined && known !== 'file') return known
  if (family !== undefined) return family === 'unix' ? 'unix' : 'net'
  if (known === undefined && operation !== undefined) {
    if (operation.startsWith('dbus_')) return 'dbus'
    if (operation.includes('mqueue')) return 'mqueue'
  }
  const broad = kernelClass === undefined ? undefined : kernelClasses.get(kernelClass)
  const either = broad ?? known
  if (either) return either
  if (event === 'status' || event === 'error') {
    return operation === undefined && record.profile === undefined ? 'boot' : 'policy'
  }
  return record.ouid === undefined ? 'unknown' : 'file'
}
