/** What a record of the audit log holds. A field is there only when the record has it. */

/**
 * What AppArmor did. `denied`: it refused the act. `allowed`: it permitted the act although no rule does (complain
 * mode). `audit`: it permitted the act, and an `audit` rule asked for a record. `killed`: it killed the task.
 * `status` is about the policy itself. `hint` and `error` come from old kernels. `unknown`: the record does not say
 * (the module parameter `audit_header` is off), or uses a new word, which is then under `extra`.
 */
export type AuditEvent =
  'denied' | 'allowed' | 'audit' | 'killed' | 'status' | 'hint' | 'error' | 'unknown'

/** What an event is about. A record's `kernelClass` is the kernel's own word, which is coarser. */
export type AuditClass = AuditRecord['class']

/** The event that a record belongs to. The kernel counts events from 1 after each boot. */
export interface AuditId {
  readonly time: Date
  readonly serial: number
  /** as the kernel prints it: `'1795690704.769:34'`. Several records may have the same id. */
  readonly id: string
}

/** Fields that any record may have. */
export interface Common {
  readonly event: AuditEvent
  /** the kernel's or the D-Bus daemon's word for the act: `'open'`, `'capable'`, `'dbus_method_call'` */
  readonly operation?: string
  /** the kernel's word for the class (Linux 6.6 and newer): `'file'`, `'net'`, `'posix_mqueue'` */
  readonly kernelClass?: string
  /** the label that the record is about; in the second record of a signal or ptrace, the label of the other side */
  readonly profile?: string
  /** the policy namespace of `profile`, starting at the root: `'root//ns'`; absent in the root namespace */
  readonly namespace?: string
  readonly name?: string
  readonly name2?: string
  readonly target?: string
  /** why, in the kernel's words: `'Failed name lookup - disconnected path'` */
  readonly info?: string
  /** the negative errno that goes with `info` */
  readonly error?: number
  /** the id of the acting process (thread group), in the initial PID namespace */
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
  /** the machine, if the log names it */
  readonly host?: string
  /** keys without a field of their own, as printed; also a second, different value of a key */
  readonly extra?: Readonly<Record<string, string>>
  /** what could not be read, in words. Such a record may lack fields, and its last field may be cut short. */
  readonly problems?: readonly string[]
  /** the line */
  readonly raw: string
}

/** What was requested, and what of it was refused. */
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

/** A socket of any family except unix. */
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

/** A unix socket that is not a file, or before Linux 7 any unix socket. */
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

/** A record of the D-Bus daemon, not of the kernel. */
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
  /** the label whose credentials were requested */
  readonly peerProfile?: string
}

/** The creation of a user namespace. */
export interface UsernsRecord extends Common, Masks {
  readonly class: 'userns'
  readonly execPath?: string
}

export interface RlimitRecord extends Common {
  readonly class: 'rlimit'
  readonly rlimit?: string
  readonly value?: number | 'infinity'
  /** the label of the task whose limit it is, if that is another task */
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

/** Policy that was, or could not be, loaded, replaced or removed. */
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

/** A kind of record that this version does not know. All of the record's fields are still there. */
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
 * Why records are missing. `printk`, `rate limit`: the kernel's limits. `backlog`, `memory`: the kernel's queues
 * were full. `overrun`: the source dropped what was not read in time. `rotation`, `truncation`: the file was
 * rotated or cut. `gap`: serial numbers are missing, and nothing says why.
 */
export type LossReason =
  'printk' | 'rate limit' | 'backlog' | 'memory' | 'overrun' | 'rotation' | 'truncation' | 'gap'

/** Records that are not there. */
export interface LostRecord {
  readonly event: 'lost'
  readonly reason: LossReason
  /** how many, according to the kernel's numbers; `null` when unknown */
  readonly count: number | null
  /** the line that says so, if one does */
  readonly raw?: string
}

/** What a log yields: records, and reports of lost records. */
export type LogRecord = AuditRecord | LostRecord
