/** Policy as code: rules from arguments, where a string is what it is and never becomes more. */
import { invalidArgType, invalidArgValue } from '../border/invalid.ts'
import { isObject } from './check.ts'
import { format } from './format.ts'
import { Glob, type Pattern } from './pattern.ts'
import type { FileQualifiers } from './qualifiers.ts'
import type { AbiRule } from './rules/abi.ts'
import type { AliasRule } from './rules/alias.ts'
import type { AllRule } from './rules/all.ts'
import type { Capability, CapabilityRule } from './rules/capability.ts'
import type { ChangeProfileRule } from './rules/change_profile.ts'
import type { Comment } from './rules/comment.ts'
import type { DbusRule } from './rules/dbus.ts'
import {
  splitPermissions,
  type ExecMode,
  type FilePermission,
  type FileRule,
} from './rules/file.ts'
import type { IncludeRule } from './rules/include.ts'
import type { AccessRule, Policy, Rule, Statement } from './rules/index.ts'
import type { IoUringRule } from './rules/io_uring.ts'
import type { LinkRule } from './rules/link.ts'
import type { MountRule, RemountRule, UmountRule } from './rules/mount.ts'
import type { MqueueRule } from './rules/mqueue.ts'
import type { NetworkRule } from './rules/network.ts'
import type { PivotRootRule } from './rules/pivot_root.ts'
import type { Hat, Profile, Xattr } from './rules/profile.ts'
import type { PtraceRule } from './rules/ptrace.ts'
import type { Limit, RlimitRule } from './rules/rlimit.ts'
import type { SignalRule } from './rules/signal.ts'
import type { UnixRule } from './rules/unix.ts'
import type { UsernsRule } from './rules/userns.ts'
import type { Variable } from './rules/variable.ts'

/** The fields of a rule that its function takes as options. */
type Fields<R, Taken extends PropertyKey = never> = Omit<R, 'kind' | Taken>

/**
 * Permission letters, followed by at most one execution mode: `'rw'`, `'rPx'`. Text that TypeScript does not know
 * is checked at run time.
 */
export type Permissions<S extends string> = string extends S
  ? S
  : IsPermissions<S> extends true
    ? S
    : never

type IsPermissions<S extends string> = S extends ExecMode
  ? true
  : S extends FilePermission
    ? true
    : S extends `${FilePermission}${infer Rest}`
      ? IsPermissions<Rest>
      : false

const QUALIFIERS = ['priority', 'audit', 'access'] as const

/** Options are the object's own, each is read once, and there are no others than these. */
export function take<T extends object>(
  options: T | undefined,
  names: readonly (keyof T & string)[],
): T {
  if (options === undefined) return {} as T
  if (!isObject(options)) throw invalidArgType('options', 'of type object', options)
  const found: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (!(names as readonly string[]).includes(name)) {
      throw invalidArgValue(`options.${name}`, `is none of: ${names.join(', ')}`, value)
    }
    if (value !== undefined) found[name] = value
  }
  return found as T
}

/** A frozen rule, when the policy language can say it, and it alone. */
function made<R extends Rule | Statement>(rule: R): R {
  for (const value of Object.values(rule)) if (Array.isArray(value)) Object.freeze(value)
  Object.freeze(rule)
  format(rule)
  return rule
}

/**
 * A rule for files.
 *
 * It makes no system call and runs anywhere. Rests on apparmor.d(5), File permission rules.
 *
 * @param path an absolute path, taken literally; or a pattern made by {@link glob}
 * @param permissions `'r'`, `'rw'`, `'mrPx'`: letters of {@link FilePermission}, then a {@link ExecMode}
 * @param options `owner`, `access`, `audit`, `priority`; `target`, the profile that the executed program runs under
 * @returns the rule, frozen
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { file, format, glob } from 'apparmor/policy'
 * format(file('/srv/100% *real*', 'r')) // "/srv/100% \*real\*" r,\n
 * format(file(glob('/srv/**'), 'rw', { owner: true })) // owner /srv/** rw,\n
 * ```
 */
export function file<S extends string>(
  path: Pattern,
  permissions: Permissions<S>,
  options?: FileQualifiers & Pick<FileRule, 'target' | 'environment'>,
): FileRule {
  const own = take(options, [...QUALIFIERS, 'owner', 'target', 'environment'])
  const split = typeof permissions === 'string' ? splitPermissions(permissions) : 'must be a string'
  if (typeof split === 'string') throw invalidArgValue('permissions', split, permissions)
  if (split.exec === 'x' && own.access !== 'deny') {
    const reason = `'x' alone denies: pass { access: 'deny' }, or say what becomes of the profile: 'ix', 'px', 'cx', 'ux'`
    throw invalidArgValue('permissions', reason, permissions)
  }
  const rule = { kind: 'file' as const, ...own, path: absolute(path, 'path'), ...split }
  // the letters that splitPermissions passes over
  if (!/^[mrwalk]*(?:[a-zA-Z]*x)?$/.test(permissions)) {
    throw invalidArgValue(
      'permissions',
      'must be letters of "mrwalk" and a mode of execution',
      permissions,
    )
  }
  return made(rule)
}

/** A path that begins with `/`; of patterns `@{name}` may stand there. */
export function absolute(path: unknown, argument: string): Pattern {
  if (typeof path !== 'string' && !Glob.is(path)) {
    throw invalidArgType(argument, 'of type string or a pattern made by glob()', path)
  }
  const good = typeof path === 'string' ? path.startsWith('/') : /^(?:\/|@\{)/.test(path.text)
  if (!good) throw invalidArgValue(argument, "must begin with '/'", path)
  return path
}

/**
 * A rule for hard links.
 *
 * It makes no system call and runs anywhere. Rests on apparmor.d(5), Link rules.
 *
 * @param path the new name
 * @param target the existing file
 * @param options `subset`: the link may not give more permissions than the target; `owner`, `access`, `audit`,
 *   `priority`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { glob, link } from 'apparmor/policy'
 * link(glob('/srv/new/*'), glob('/srv/old/*'), { subset: true })
 * ```
 */
export function link(
  path: Pattern,
  target: Pattern,
  options?: Fields<LinkRule, 'path' | 'target'>,
): LinkRule {
  const own = take(options, [...QUALIFIERS, 'owner', 'subset'])
  return made({
    kind: 'link',
    ...own,
    path: absolute(path, 'path'),
    target: absolute(target, 'target'),
  })
}

/**
 * A rule for capabilities.
 *
 * @param capabilities their names as in apparmor.d(5); without any, all capabilities
 * @throws TypeError `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { capability, deny } from 'apparmor/policy'
 * capability('net_bind_service')
 * deny(capability('sys_admin'))
 * ```
 */
export function capability(...capabilities: readonly Capability[]): CapabilityRule {
  return made(
    capabilities.length === 0 ? { kind: 'capability' } : { kind: 'capability', capabilities },
  )
}

/**
 * A rule for network sockets.
 *
 * @param options as {@link NetworkRule} has them; without any, every socket
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { network } from 'apparmor/policy'
 * network({ family: 'inet', type: 'stream' })
 * ```
 */
export function network(options?: Fields<NetworkRule>): NetworkRule {
  const names = [
    'permissions',
    'family',
    'type',
    'ip',
    'port',
    'interface',
    'label',
    'peer',
  ] as const
  return made({ kind: 'network', ...take(options, [...QUALIFIERS, ...names]) })
}

/**
 * A rule for unix sockets.
 *
 * @param options as {@link UnixRule} has them; without any, every socket
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { unix } from 'apparmor/policy'
 * unix({ permissions: ['connect', 'send', 'receive'], peer: { label: 'db' } })
 * ```
 */
export function unix(options?: Fields<UnixRule>): UnixRule {
  return made({
    kind: 'unix',
    ...take(options, [...QUALIFIERS, 'permissions', 'type', 'addr', 'peer']),
  })
}

/**
 * A rule for signals.
 *
 * @param options as {@link SignalRule} has them; without any, every signal, to and from everybody
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { signal } from 'apparmor/policy'
 * signal({ permissions: ['send'], signals: ['term', 'kill'], peer: 'worker' })
 * ```
 */
export function signal(options?: Fields<SignalRule>): SignalRule {
  return made({
    kind: 'signal',
    ...take(options, [...QUALIFIERS, 'permissions', 'signals', 'peer']),
  })
}

/**
 * A rule for ptrace.
 *
 * @param options as {@link PtraceRule} has them
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { ptrace } from 'apparmor/policy'
 * ptrace({ permissions: ['read'], peer: 'web' })
 * ```
 */
export function ptrace(options?: Fields<PtraceRule>): PtraceRule {
  return made({ kind: 'ptrace', ...take(options, [...QUALIFIERS, 'permissions', 'peer']) })
}

/**
 * A rule for D-Bus.
 *
 * @param options as {@link DbusRule} has them
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { dbus } from 'apparmor/policy'
 * dbus({ permissions: ['bind'], bus: 'session', name: 'org.example.Web' })
 * ```
 */
export function dbus(options?: Fields<DbusRule>): DbusRule {
  const names = ['permissions', 'bus', 'path', 'interface', 'member', 'name', 'peer'] as const
  return made({ kind: 'dbus', ...take(options, [...QUALIFIERS, ...names]) })
}

/**
 * A rule for mounting.
 *
 * @param options as {@link MountRule} has them
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { mount } from 'apparmor/policy'
 * mount({ fstype: [{ operator: '=', values: ['tmpfs'] }], source: 'tmpfs', mountpoint: '/mnt/' })
 * ```
 */
export function mount(options?: Fields<MountRule>): MountRule {
  return made({
    kind: 'mount',
    ...take(options, [...QUALIFIERS, 'fstype', 'options', 'source', 'mountpoint']),
  })
}

/**
 * A rule for mounting again.
 *
 * @param options as {@link RemountRule} has them
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { remount } from 'apparmor/policy'
 * remount({ options: [{ operator: '=', values: ['ro'] }], mountpoint: '/mnt/' })
 * ```
 */
export function remount(options?: Fields<RemountRule>): RemountRule {
  return made({
    kind: 'remount',
    ...take(options, [...QUALIFIERS, 'fstype', 'options', 'mountpoint']),
  })
}

/**
 * A rule for unmounting.
 *
 * @param options as {@link UmountRule} has them
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { umount } from 'apparmor/policy'
 * umount({ mountpoint: '/mnt/' })
 * ```
 */
export function umount(options?: Fields<UmountRule>): UmountRule {
  return made({
    kind: 'umount',
    ...take(options, [...QUALIFIERS, 'fstype', 'options', 'mountpoint']),
  })
}

/**
 * A rule for pivot_root(2).
 *
 * @param options as {@link PivotRootRule} has them
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { pivotRoot } from 'apparmor/policy'
 * pivotRoot({ oldroot: '/new/old/', newroot: '/new/' })
 * ```
 */
export function pivotRoot(options?: Fields<PivotRootRule>): PivotRootRule {
  return made({
    kind: 'pivot_root',
    ...take(options, [...QUALIFIERS, 'oldroot', 'newroot', 'target']),
  })
}

/**
 * A rule for message queues.
 *
 * @param options as {@link MqueueRule} has them
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { mqueue } from 'apparmor/policy'
 * mqueue({ permissions: ['open', 'read'], name: '/jobs' })
 * ```
 */
export function mqueue(options?: Fields<MqueueRule>): MqueueRule {
  return made({
    kind: 'mqueue',
    ...take(options, [...QUALIFIERS, 'permissions', 'type', 'label', 'name']),
  })
}

/**
 * A rule for io_uring.
 *
 * @param options as {@link IoUringRule} has them
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { ioUring } from 'apparmor/policy'
 * ioUring({ permissions: ['sqpoll'] })
 * ```
 */
export function ioUring(options?: Fields<IoUringRule>): IoUringRule {
  return made({ kind: 'io_uring', ...take(options, [...QUALIFIERS, 'permissions', 'label']) })
}

/**
 * A rule for user namespaces.
 *
 * @param options `access`, `audit`, `priority`
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { deny, userns } from 'apparmor/policy'
 * deny(userns())
 * ```
 */
export function userns(options?: Fields<UsernsRule>): UsernsRule {
  return made({ kind: 'userns', ...take(options, [...QUALIFIERS, 'permissions']) })
}

/**
 * A rule that permits changing to another profile.
 *
 * @param target its label; default: any. `&name` stacks that profile on this one; `:ns:name` is a profile in a
 *   namespace
 * @param options `exec`: permit it only by executing this program
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { changeProfile } from 'apparmor/policy'
 * changeProfile('worker')
 * ```
 */
export function changeProfile(
  target?: Pattern,
  options?: Fields<ChangeProfileRule, 'target'>,
): ChangeProfileRule {
  const own = take(options, [...QUALIFIERS, 'exec', 'environment'])
  return made({ kind: 'change_profile', ...own, ...(target !== undefined && { target }) })
}

/**
 * A resource limit of setrlimit(2).
 *
 * @param limit `'nofile'`, `'as'`, …
 * @param value a number, one with its unit (`'4 MB'`), or `'infinity'`
 * @throws TypeError `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { rlimit } from 'apparmor/policy'
 * rlimit('nofile', 1024)
 * ```
 */
export function rlimit(
  limit: Limit,
  value: number | `${number} ${string}` | 'infinity',
): RlimitRule {
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw invalidArgType('value', 'of type number or string', value)
  }
  return made({ kind: 'rlimit', limit, value: String(value) })
}

/**
 * Includes the text of another file.
 *
 * @param path a path in the include directories (`abstractions/base`), or an absolute one
 * @param options `ifExists`: a missing file is not an error
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { include } from 'apparmor/policy'
 * include('abstractions/base')
 * ```
 */
export function include(path: string, options?: { readonly ifExists?: boolean }): IncludeRule {
  const { ifExists } = take(options, ['ifExists'])
  if (typeof path !== 'string') throw invalidArgType('path', 'of type string', path)
  const magic = !path.startsWith('/')
  return made({ kind: 'include', path, magic, ...(ifExists && { ifExists }) })
}

/**
 * Names the kernel features that a policy is written for.
 *
 * @param path a path in the include directories (`abi/4.0`), or an absolute one
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { abi } from 'apparmor/policy'
 * abi('abi/4.0')
 * ```
 */
export function abi(path: string): AbiRule {
  if (typeof path !== 'string') throw invalidArgType('path', 'of type string', path)
  return made({ kind: 'abi', path, magic: !path.startsWith('/') })
}

/**
 * A rule for everything except change_profile and resource limits.
 *
 * @example
 * ```js
 * import { all } from 'apparmor/policy'
 * all()
 * ```
 */
export function all(): AllRule {
  return made({ kind: 'all' })
}

/**
 * Values of a variable.
 *
 * @param name the name in `@{name}`
 * @param values taken literally; patterns come from {@link glob}
 * @param operator `'='` declares it, `'+='` adds to it
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { glob, variable } from 'apparmor/policy'
 * variable('HOME', [glob('/home/*'), '/root'])
 * ```
 */
export function variable(
  name: string,
  values: readonly Pattern[],
  operator: Variable['operator'] = '=',
): Variable {
  if (!Array.isArray(values)) throw invalidArgType('values', 'an instance of Array', values)
  return made({ kind: 'variable', name, operator, values: [...values] })
}

/**
 * Another place for files: rules for paths that begin with `from` also apply to `to`.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { alias } from 'apparmor/policy'
 * alias('/usr/', '/mnt/usr/')
 * ```
 */
export function alias(from: Pattern, to: Pattern): AliasRule {
  return made({ kind: 'alias', from, to })
}

/**
 * A comment on a line of its own.
 *
 * @param text its newlines become blanks
 * @example
 * ```js
 * import { comment } from 'apparmor/policy'
 * comment(' the site')
 * ```
 */
export function comment(text: string): Comment {
  if (typeof text !== 'string') throw invalidArgType('text', 'of type string', text)
  return made({ kind: 'comment', text })
}

/** What {@link profile} takes. */
export interface ProfileOptions {
  /** the programs that get this profile when they are started */
  readonly attach?: Pattern
  readonly flags?: readonly string[]
  readonly namespace?: string
  readonly xattrs?: readonly Xattr[]
  readonly rules?: readonly Rule[]
  /** hats and child profiles; they are written after the rules */
  readonly hats?: readonly (Hat | Profile)[]
}

/**
 * A profile. In the `hats` of another profile it is a child profile.
 *
 * It makes no system call and runs anywhere. Rests on apparmor.d(5), Profile head.
 *
 * @param name taken literally: it is not a pattern and names no namespace. A pattern made by {@link glob} is also
 *   the profile's attachment
 * @param options the head and the rules; rules are written in their order
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { capability, file, format, glob, include, policy, profile } from 'apparmor/policy'
 * const web = profile('web', {
 *   attach: '/usr/bin/web',
 *   flags: ['attach_disconnected'],
 *   rules: [include('abstractions/base'), capability('net_bind_service'), file(glob('/srv/**'), 'r')],
 * })
 * console.log(format(policy(web)))
 * ```
 */
export function profile(name: Pattern, options?: ProfileOptions): Profile {
  const own = take(options, ['attach', 'flags', 'namespace', 'xattrs', 'rules', 'hats'])
  const { attach, rules, hats, ...head } = own
  return made({
    kind: 'profile',
    ...head,
    name: checkPattern(name, 'name'),
    ...(attach !== undefined && { attachment: absolute(attach, 'options.attach') }),
    rules: [...list(rules, 'options.rules'), ...list(hats, 'options.hats')],
  })
}

/**
 * A hat: a part of a profile that a thread enters and leaves with change_hat.
 *
 * @param name taken literally
 * @param options as {@link profile} takes them
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { file, hat, profile } from 'apparmor/policy'
 * profile('web', { hats: [hat('upload', { rules: [file('/srv/upload', 'w')] })] })
 * ```
 */
export function hat(name: string, options?: Pick<ProfileOptions, 'flags' | 'rules' | 'hats'>): Hat {
  const { rules, hats, ...head } = take(options, ['flags', 'rules', 'hats'])
  return made({
    kind: 'hat',
    ...head,
    name: checkPattern(name, 'name') as string,
    rules: [...list(rules, 'options.rules'), ...list(hats, 'options.hats')],
  })
}

/**
 * A file of policy.
 *
 * @param rules the preamble, then profiles
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { abi, format, policy, profile } from 'apparmor/policy'
 * format(policy(abi('abi/3.0'), profile('web')))
 * ```
 */
export function policy(...rules: readonly Statement[]): Policy {
  const made: Policy = Object.freeze({ kind: 'policy', rules: Object.freeze([...rules]) })
  format(made)
  return made
}

/**
 * The same rule as a `deny` rule. It refuses without a record in the log, unless it is audited.
 *
 * @param rule the rule; in a file rule, `x` replaces the execution mode
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { deny, file } from 'apparmor/policy'
 * deny(file('/etc/shadow', 'rw'))
 * ```
 */
export function deny<R extends AccessRule>(rule: R): R {
  const denied = { ...checkRule(rule), access: 'deny' as const }
  if (denied.kind !== 'file' || denied.exec === undefined) return made(denied)
  const { target: _, environment: __, ...others } = denied as FileRule
  return made({ ...others, exec: 'x' } as FileRule) as R
}

/**
 * The same rule with `audit`: what it matches is written to the audit log.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { audit, file } from 'apparmor/policy'
 * audit(file('/etc/shadow', 'r'))
 * ```
 */
export function audit<R extends AccessRule>(rule: R): R {
  return made({ ...checkRule(rule), audit: true })
}

function checkRule<R>(rule: R): R {
  if (!isObject(rule)) throw invalidArgType('rule', 'a rule', rule)
  return rule
}

function checkPattern(value: unknown, argument: string): Pattern {
  if (typeof value === 'string' || Glob.is(value)) return value
  throw invalidArgType(argument, 'of type string or a pattern made by glob()', value)
}

function list<T>(value: readonly T[] | undefined, argument: string): readonly T[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw invalidArgType(argument, 'an instance of Array', value)
  return value
}
