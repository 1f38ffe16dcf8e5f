import { checkLabel, checkOneOf } from '../border/args.ts'
import { callNative } from '../border/call.ts'
import { invalidArgType, invalidArgValue } from '../border/errors.ts'
import { readOptions } from '../border/options.ts'
import { formatPart, parseLabel } from './label.ts'

// <sys/apparmor.h>
const FILE_CLASS = '\x02'
const DBUS_CLASS = '\x20'

const FILE_PERMISSIONS = {
  exec: 0x1,
  write: 0x2,
  read: 0x4,
  append: 0x8,
  create: 0x10,
  delete: 0x20,
  open: 0x40,
  rename: 0x80,
  setattr: 0x100,
  getattr: 0x200,
  setcred: 0x400,
  getcred: 0x800,
  chmod: 0x1000,
  chown: 0x2000,
  lock: 0x8000,
  mmap: 0x10000,
  link: 0x40000,
  onexec: 0x20000000,
  change_profile: 0x40000000,
} as const

/** A permission of a file, by name. */
export type FilePermission = keyof typeof FILE_PERMISSIONS

const FILE_NAMES = Object.keys(FILE_PERMISSIONS) as FilePermission[]

// The letters of apparmor.d(5).
const LETTERS: Readonly<Record<string, FilePermission>> = {
  r: 'read',
  w: 'write',
  a: 'append',
  x: 'exec',
  m: 'mmap',
  k: 'lock',
  l: 'link',
}

const DBUS_PERMISSIONS = { send: 0x2, receive: 0x4, eavesdrop: 0x20, bind: 0x40 } as const

/** The answer to a query. */
export interface Answer {
  /** everything in the query is allowed */
  readonly allowed: boolean
  /** its use is written to the audit log */
  readonly audited: boolean
}

/** What a label may do to a file. */
export interface FileAccess {
  readonly allowed: readonly FilePermission[]
  /**
   * taken away by a `deny` rule. Many kernels, such as 6.1, do not report this; there such a permission is only in
   * {@link quiet}
   */
  readonly denied: readonly FilePermission[]
  /** written to the audit log when it is used, or when it is refused without a `deny` rule */
  readonly audited: readonly FilePermission[]
  /** not written to the audit log when it is refused */
  readonly quiet: readonly FilePermission[]
  /** the allowed permissions as letters, as in a rule: `'rw'` */
  readonly letters: string
}

/** A question about D-Bus. Parts of a message that you leave out count as empty, as they do for the bus itself. */
export type DbusQuery =
  | {
      readonly access: 'send' | 'receive'
      /** `'system'`, `'session'` or the bus's own name */
      readonly bus: string
      /** the peer's well-known name on the bus */
      readonly name?: string
      readonly peerLabel: string
      readonly path?: string
      readonly interface?: string
      readonly member?: string
    }
  | { readonly access: 'bind'; readonly bus: string; readonly name: string }
  | { readonly access: 'eavesdrop'; readonly bus: string }

/**
 * Asks the kernel whether a label may use a file in this way: aa_query_file_path(3).
 *
 * The kernel looks at the rules and not at the file. The file need not exist, links are not followed, and the
 * profile's mode does not matter. `owner` rules are applied as for a file that belongs to root.
 *
 * @param label a profile, a hat or a stack, with or without a namespace: what {@link getcon} returns
 * @param path absolute
 * @param permissions letters (`'rw'`: `r w a x m k l`), or a list of names (`['read', 'create']`)
 * @returns whether everything is allowed, and whether its use, or its refusal, is written to the audit log
 * @throws {@link AppArmorError} `ENOENT` no such label; `ENOENT` with `syscall` `aa_find_mountpoint` when
 *   the policy interface is not visible; `EACCES`; `EFBIG`; the codes of {@link availability} without
 *   AppArmor
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { queryFile } from 'apparmor'
 * queryFile('web', '/etc/shadow', 'r').allowed // false
 * ```
 */
export function queryFile(
  label: string,
  path: string,
  permissions: string | readonly FilePermission[],
): Answer {
  const mask = toMask(permissions)
  return may(label, FILE_CLASS + checkPath(path, 'path'), mask)
}

/**
 * Asks the kernel whether a label may make a hard link: aa_query_link_path(3). It also checks what libapparmor
 * leaves out: if the rule does not name the target, the link may not give more permissions than the target.
 *
 * @param label as for {@link queryFile}
 * @param target the file that exists
 * @param link the new name for it
 * @returns whether everything is allowed, and whether its use, or its refusal, is written to the audit log
 * @throws as {@link queryFile}
 * @example
 * ```js
 * import { queryLink } from 'apparmor'
 * queryLink('web', '/srv/web/a', '/srv/web/b').allowed
 * ```
 */
export function queryLink(label: string, target: string, link: string): Answer {
  checkPath(target, 'target')
  checkPath(link, 'link')
  const own = ask(label, FILE_CLASS + link)
  const first = judge(FILE_PERMISSIONS.link, own)
  if (!first.allowed) return first
  const pair = ask(label, `${FILE_CLASS}${link}\0${target}`)
  const second = judge(FILE_PERMISSIONS.link, pair)
  if (!second.allowed || !(pair.allow & SUBSET)) return second
  // Reading attributes is always allowed, but the kernel's answer lacks it where no rule begins like the path.
  const wanted = granted(own) & ~(FILE_PERMISSIONS.link | FILE_PERMISSIONS.getattr)
  const { allowed, audited } = judge(wanted, ask(label, FILE_CLASS + target))
  return allowed ? second : { allowed, audited }
}

// The kernel's AA_LINK_SUBSET, laid over AA_MAY_LOCK in the answer for a pair.
const SUBSET = 0x8000

/**
 * Asks the kernel about D-Bus, as the bus itself does: aa_query_label(3).
 *
 * From Linux 6.17 on, the kernel allows everything if the policy was compiled for an ABI without `network_v9`, and
 * so the bus does, too.
 *
 * @param label as for {@link queryFile}
 * @returns whether everything is allowed, and whether its use, or its refusal, is written to the audit log
 * @throws as {@link queryFile}
 * @example
 * ```js
 * import { queryDbus } from 'apparmor'
 * queryDbus('web', { access: 'bind', bus: 'session', name: 'com.example.Web' }).allowed
 * ```
 */
export function queryDbus(label: string, query: DbusQuery): Answer {
  const found = readOptions<Required<Extract<DbusQuery, { peerLabel: string }>>>(
    query ?? null,
    ['access', 'bus', 'name', 'peerLabel', 'path', 'interface', 'member'],
    'query',
  )
  const { access } = found
  checkOneOf(access, 'query.access', ['send', 'receive', 'bind', 'eavesdrop'])
  const fields = dbusFields(access, found).map(([name, value]) =>
    checkField(value, `query.${name}`),
  )
  return may(label, DBUS_CLASS + fields.join('\0'), DBUS_PERMISSIONS[access])
}

function dbusFields(
  access: DbusQuery['access'],
  query: Readonly<Partial<Record<string, unknown>>>,
): readonly (readonly [string, unknown])[] {
  const { bus, name, peerLabel, path = '', interface: face = '', member = '' } = query
  if (access === 'eavesdrop') return [['bus', bus]]
  if (access === 'bind') return Object.entries({ bus, name })
  return Object.entries({
    bus,
    name: name === undefined ? '' : name,
    peerLabel,
    path,
    interface: face,
    member,
  })
}

/**
 * Returns everything that a label may do to a file, with one query.
 *
 * @param label as for {@link queryFile}
 * @param path absolute
 * @returns the kernel's permissions by name, and the allowed ones as letters, too
 * @throws as {@link queryFile}
 * @example
 * ```js
 * import { explainAccess } from 'apparmor'
 * const { letters, denied } = explainAccess('web', '/etc/passwd') // 'r', ['write', …]
 * ```
 */
export function explainAccess(label: string, path: string): FileAccess {
  const masks = ask(label, FILE_CLASS + checkPath(path, 'path'))
  const list = (mask: number) => FILE_NAMES.filter((name) => mask & FILE_PERMISSIONS[name])
  const allowed = list(granted(masks))
  const letters = Object.keys(LETTERS).filter((letter) =>
    allowed.includes(LETTERS[letter] as FilePermission),
  )
  return {
    allowed,
    denied: list(masks.deny),
    audited: list(masks.audit & ~masks.quiet),
    quiet: list(masks.quiet),
    letters: letters.join(''),
  }
}

// Whether a label may do all of it. Of a stack libapparmor does not tell enough to put the answers together.
function may(label: string, match: string, mask: number): Answer {
  checkLabel(label, 'label')
  const [profile = label, ...others] = parseLabel(label).map(formatPart)
  if (others.length > 0) return judge(mask, ask(label, match))
  const [allowed, audited] = callNative((native) => native.queryAccess(profile, match, mask), {
    profile,
  })
  return { allowed, audited }
}

interface Masks {
  readonly allow: number
  readonly deny: number
  readonly audit: number
  readonly quiet: number
}

// The kernel finds a stack only while something runs under it, so its parts are asked one by one and
// their answers put together as the kernel does (aa_perms_accum).
function ask(label: string, match: string): Masks {
  checkLabel(label, 'label')
  const [first = label, ...others] = parseLabel(label).map(formatPart)
  let masks = askPart(first, match)
  for (const other of others) {
    const part = askPart(other, match)
    masks = {
      allow: granted(masks) & granted(part),
      deny: masks.deny | part.deny,
      audit: masks.audit | (part.audit & part.allow),
      quiet: masks.quiet & part.quiet & ~part.allow,
    }
  }
  return masks
}

function askPart(profile: string, match: string): Masks {
  const [allow, deny, audit, quiet] = callNative((native) => native.queryLabel(profile, match), {
    profile,
  })
  return { allow, deny, audit, quiet }
}

const granted = ({ allow, deny }: Masks): number => allow & ~deny

/** As libapparmor reads the masks: a refusal is audited unless it is quiet. */
function judge(mask: number, masks: Masks): Answer {
  const allowed = (mask & ~granted(masks)) === 0
  const audit = allowed ? masks.audit : ~0
  return { allowed, audited: (mask & ~(audit & ~masks.quiet)) === 0 }
}

function toMask(permissions: unknown): number {
  const argument = 'permissions'
  if (typeof permissions !== 'string' && !Array.isArray(permissions)) {
    throw invalidArgType(argument, 'of type string or an instance of Array', permissions)
  }
  if (permissions.length === 0) throw invalidArgValue(argument, 'must not be empty', permissions)
  let mask = 0
  for (const one of permissions as Iterable<unknown>) {
    const name = typeof permissions === 'string' ? LETTERS[one as string] : one
    if (!FILE_NAMES.includes(name as FilePermission)) {
      throw invalidArgValue(argument, `must be of ${LETTER_LIST}, or a list of names`, permissions)
    }
    mask |= FILE_PERMISSIONS[name as FilePermission]
  }
  return mask
}

const LETTER_LIST = Object.keys(LETTERS).join(' ')

function checkPath(value: unknown, argument: string): string {
  checkLabel(value, argument)
  if (!value.startsWith('/')) throw invalidArgValue(argument, 'must be an absolute path', value)
  return value
}

function checkField(value: unknown, argument: string): string {
  if (value !== '') checkLabel(value, argument)
  return value
}
