/** What a record of the audit log holds. A field is there only when the record has it. */

/**
 * What AppArmor did: `denied` it, `allowed` it although no rule does (complain mode), let it pass and told of it
 * by an `audit` rule, `killed` the task. `status` tells of the policy itself. `hint` and `error` come from old
 * kernels. `unknown`: the record does not say (the module parameter `audit_header` is off) or says a new word,
 * which is then under `extra`.
 */
export type AuditEvent =
  'denied' | 'allowed' | 'audit' | 'killed' | 'status' | 'hint' | 'error' | 'unknown'

/** What an event is about. `kernelClass` of a record has the kernel's own word, which is coarser. */
export type AuditClass = AuditRecord['class']

/** The event that a record belongs to: the kernel counts events from one at each start of the machine. */
export interface AuditId {
  readonly time: Date
  readonly serial: number
  /** as the kernel prints it: `'1795690704.769:34'`. Several records may have the same one. */
  readonly id: string
}

/** What any record may have. */
export interface Common {
  readonly event: AuditEvent
  /** the kernel's or the D-Bus daemon's word for the act: `'open'`, `'capable'`, `'dbus_method_call'` */
  readonly operation?: string
  /** the kernel's word for the class (Linux 6.6 and newer): `'file'`, `'net'`, `'posix_mqueue'` */
  readonly kernelClass?: string
  /** the label that the record is about; in the second record of a signal or ptrace that of the other side */
  readonly profile?: string
  /** the policy namespace of `profile`, from the root on: `'root//ns'`; absent in the root itself */
  readonly namespace?: string
  readonly name?: string
  readonly name2?: string
  readonly target?: string
  /** why, in the kernel's words: `'Failed name lookup - disconnected path'` */
  readonly info?: string
  /** the negative errno that goes with `info` */
  readonly error?: number
  /** the acting process (a thread group), in the initial pid namespace */
  readonly pid?: number
  /** the name of the acting task, at most 15 bytes */
  readonly comm?: string
  /** the program */
  readonly exe?: string
  /** the parent process; in records of old kernels only */
  readonly parent?: number
  readonly task?: number
  readonly attribute?: string
  readonly token?: string
  readonly activeHat?: string
  /** absent where the log has cut it off */
  readonly audit?: AuditId
  /** the machine, where the log names it */
  readonly host?: string
  /** the keys that have no field of their own, as they are printed; also a second, differing value of a key */
  readonly extra?: Readonly<Record<string, string>>
  /** what could not be read, in words. Such a record may lack fields, and its last one may be cut short. */
  readonly problems?: readonly string[]
  /** the line */
  readonly raw: string
}

/** What was asked for and what of it was not granted. */
export interface Masks {
  /** file letters in the kernel's order (`'wr'`) or words (`'send receive'`) */
  readonly requestedMask?: string
  /** absent in `audit` records */
  readonly deniedMask?: string
}

/** Access to a file: also sockets in the file system (Linux 7), memory maps, locks and inherited files. */
export interface FileRecord extends Common, Masks {
  readonly class: 'file'
  /** the user of the task, for file access */
  readonly fsuid?: number
  /** the owner of the file */
  readonly ouid?: number
}

/** The start of a program; `target` is the profile that it would have. */
export interface ExecRecord extends Common, Masks {
  readonly class: 'exec'
  readonly fsuid?: number
  readonly ouid?: number
}

/** A socket of any family but unix. */
export interface NetRecord extends Common, Masks {
  readonly class: 'net'
  readonly family?: string
  readonly sockType?: string
  /** the number: 6 is TCP */
  readonly protocol?: number
  readonly localAddress?: string
  readonly localPort?: number
  readonly foreignAddress?: string
  readonly foreignPort?: number
}

/** A unix socket that is not a file, or any before Linux 7. */
export interface UnixRecord extends Common, Masks {
  readonly class: 'unix'
  readonly family?: string
  readonly sockType?: string
  readonly protocol?: number
  /** `'@name'` for an abstract socket, `'none'` for one without a name */
  readonly address?: string
  readonly peerAddress?: string
  /** the label of the other end */
  readonly peer?: string
}

/** A capability: `name` is the rule's word, `'sys_admin'`. */
export interface CapRecord extends Common {
  readonly class: 'cap'
  readonly capability?: number
}

export interface SignalRecord extends Common, Masks {
  readonly class: 'signal'
  /** `'term'`, `'rtmin+5'`, `'exists'` for signal 0 */
  readonly signal?: string
  readonly peer?: string
}

export interface PtraceRecord extends Common, Masks {
  readonly class: 'ptrace'
  readonly peer?: string
}

/** Mount, remount, bind, move and umount; `pivotroot`, where `srcName` is the old root's new place. */
export interface MountRecord extends Common {
  readonly class: 'mount'
  readonly fstype?: string
  readonly srcName?: string
  readonly flags?: readonly string[]
  readonly options?: string
  /** the profile after `pivotroot` */
  readonly trans?: string
}

/** Of the D-Bus daemon, not of the kernel. */
export interface DbusRecord extends Common, Masks {
  readonly class: 'dbus'
  readonly bus?: string
  readonly path?: string
  readonly interface?: string
  readonly member?: string
  readonly errorName?: string
  readonly peerProfile?: string
  readonly peerPid?: number
  readonly peerInfo?: string
}

/** A message queue, POSIX or System V: `kernelClass` tells which. */
export interface MqueueRecord extends Common, Masks {
  readonly class: 'mqueue'
  readonly fsuid?: number
  readonly ouid?: number
}

export interface IoUringRecord extends Common, Masks {
  readonly class: 'io_uring'
  /** whose credentials were to be taken */
  readonly peerProfile?: string
}

/** The making of a user namespace. */
export interface UsernsRecord extends Common, Masks {
  readonly class: 'userns'
  readonly execPath?: string
}

export interface RlimitRecord extends Common {
  readonly class: 'rlimit'
  readonly rlimit?: string
  readonly value?: number | 'infinity'
  /** the task whose limit it is, when another's */
  readonly peer?: string
}

/** `change_profile`, `change_onexec`, `stack`, `stack_onexec`: `target`, or else `name`, is the label asked for. */
export interface ChangeProfileRecord extends Common {
  readonly class: 'change_profile'
}

export interface ChangeHatRecord extends Common {
  readonly class: 'change_hat'
}

/** A request to /proc/PID/attr that the kernel could not read. */
export interface AttrRecord extends Common {
  readonly class: 'attr'
}

/** Policy that was loaded, replaced or removed, or could not be. */
export interface PolicyRecord extends Common {
  readonly class: 'policy'
  /** the namespace it was loaded into */
  readonly targetNamespace?: string
  /** where in the binary policy the fault is */
  readonly offset?: number
}

/** What AppArmor says when the machine starts. */
export interface BootRecord extends Common {
  readonly class: 'boot'
}

/** A kernel module. */
export interface ModuleRecord extends Common, Masks {
  readonly class: 'module'
}

/** A namespace of the kernel that is not a user namespace. */
export interface NamespaceRecord extends Common, Masks {
  readonly class: 'namespace'
}

/** A kind that this version does not know. Whatever fields the record has are there all the same. */
export interface UnknownRecord extends Common, Masks {
  readonly class: 'unknown'
}

/** One AppArmor record of the audit log. `class` tells which fields it may have. */
export type AuditRecord =
  | FileRecord
  | ExecRecord
  | NetRecord
  | UnixRecord
  | CapRecord
  | SignalRecord
  | PtraceRecord
  | MountRecord
  | DbusRecord
  | MqueueRecord
  | IoUringRecord
  | UsernsRecord
  | RlimitRecord
  | ChangeProfileRecord
  | ChangeHatRecord
  | AttrRecord
  | PolicyRecord
  | BootRecord
  | ModuleRecord
  | NamespaceRecord
  | UnknownRecord

/**
 * Why records are missing: `printk` and `rate limit` are limits of the kernel's, `backlog` and `memory` its
 * queues, `overrun` that the source has thrown away what was not read in time, `rotation` and `truncation` what
 * became of a file, `gap` that serial numbers are missing and nothing says why.
 */
export type LossReason =
  'printk' | 'rate limit' | 'backlog' | 'memory' | 'overrun' | 'rotation' | 'truncation' | 'gap'

/** Records that are not there. */
export interface LostRecord {
  readonly event: 'lost'
  readonly reason: LossReason
  /** how many, as far as the kernel's numbers tell; `null` when nobody knows */
  readonly count: number | null
  /** the line that says so, if one does */
  readonly raw?: string
}

/** What a log gives: records, and the knowledge of those that are lost. */
export type LogRecord = AuditRecord | LostRecord
