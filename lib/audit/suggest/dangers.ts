/** What a rule gives away beyond the act that it is for. */
import { Glob, patternText } from '../../policy/pattern.ts'
import type { AccessRule } from '../../policy/rules/index.ts'
import type { FileRule } from '../../policy/rules/file.ts'
import type { RlimitRule } from '../../policy/rules/rlimit.ts'

export type DangerName =
  | 'write-and-execute'
  | 'capability'
  | 'unconfined'
  | 'system-files'
  | 'login-files'
  | 'kernel'
  | 'devices'
  | 'secrets'
  | 'policy'
  | 'processes'
  | 'mount'
  | 'raw-network'
  | 'userns'
  | 'escape'
  | 'homes'
  | 'disconnected'

/** Why a rule needs a second look. */
export interface Danger {
  readonly name: DangerName
  /** in plain English */
  readonly text: string
}

const CAPABILITIES: Readonly<Record<string, string>> = {
  sys_admin: 'It mounts, changes namespaces and much else: with it a process is nearly root.',
  sys_ptrace: 'It reads and writes the memory of other processes.',
  sys_module: 'It loads code into the kernel.',
  sys_rawio: 'It reads and writes memory and devices directly.',
  sys_boot: 'It restarts the machine, and loads another kernel.',
  sys_chroot: 'With it a process can leave a chroot.',
  mac_admin: 'It changes the policy of AppArmor itself.',
  mac_override: 'It passes over mandatory access control.',
  dac_override: 'It passes over the permissions of all files.',
  dac_read_search: 'It reads all files whatever their permissions are.',
  setuid: 'It becomes any user.',
  setgid: 'It joins any group.',
  setpcap: 'It hands on capabilities.',
  setfcap: 'It gives capabilities to files.',
  bpf: 'It runs programs in the kernel.',
  perfmon: 'It watches the whole kernel.',
  net_admin: 'It changes the whole network.',
  net_raw: 'It reads and forges packets of others.',
  chown: 'It takes any file.',
  fowner: 'It changes the permissions of any file.',
  mknod: 'It makes device files.',
  syslog: 'It reads the log of the kernel, and its addresses.',
  checkpoint_restore: 'It takes any process id, and looks into other processes.',
  audit_control: 'It turns the audit log off.',
}

type Test = readonly [DangerName, RegExp, string]

const WRITES: readonly Test[] = [
  [
    'policy',
    /^\/etc\/apparmor|^\/sys\/kernel\/security\/apparmor|^\/proc\/\d+\/(?:task\/\d+\/)?attr\//,
    'It writes where the policy of AppArmor comes from.',
  ],
  [
    'system-files',
    /^\/(?:etc|usr|bin|sbin|lib\w*|boot|opt|var\/spool\/cron)\//,
    'It writes programs or settings that others trust.',
  ],
  [
    'login-files',
    /^\/(?:home\/[^/]+|root)\/\.(?:bash|zsh|profile|login|ssh\/|config\/(?:autostart|systemd)|pam_env)/,
    'It writes what runs, or who may enter, when the user logs in.',
  ],
  [
    'kernel',
    /^\/(?:proc\/sys\/|sys\/|proc\/sysrq|dev\/(?:mem|kmem|port|kmsg)$)/,
    'It changes how the kernel works.',
  ],
  [
    'devices',
    /^\/dev\/(?:sd|hd|vd|nvme|mmcblk|dm-|mapper\/|loop|md)/,
    'It writes to a disk below its file systems.',
  ],
  [
    'processes',
    /^\/proc\/\d+\/(?:task\/\d+\/)?mem$/,
    "It writes another process's memory, when the path becomes a pattern.",
  ],
  ['escape', /(?:docker|containerd|crio|podman)\.sock$/, 'Whoever speaks to this socket is root.'],
]
const READS: readonly Test[] = [
  [
    'secrets',
    /^\/etc\/(?:g?shadow|ssl\/private\/|ssh\/ssh_host.*key$|sudoers)|\/\.(?:ssh|gnupg|aws|kube)\/|\/\.(?:netrc|pgpass|npmrc)$|^\/run\/secrets\//,
    'It reads secrets.',
  ],
  [
    'processes',
    /^\/proc\/\d+\/(?:task\/\d+\/)?(?:mem|environ|maps)$|^\/proc\/kcore$/,
    "It reads another process's memory or environment, when the path becomes a pattern.",
  ],
]

/**
 * What is dangerous about a rule.
 *
 * @param exact the rule as the records have it: a pattern would hide its path
 */
export function dangersOf(
  rule: AccessRule | RlimitRule,
  exact: readonly (AccessRule | RlimitRule)[],
): Danger[] {
  switch (rule.kind) {
    case 'file':
      return fileDangers(rule, exact)
    case 'capability':
      return (rule.capabilities ?? []).flatMap((name) => {
        const text = CAPABILITIES[name]
        return text === undefined ? [] : [{ name: 'capability' as const, text }]
      })
    case 'change_profile':
      return /^(?:&?)unconfined$|\*/.test(rule.target === undefined ? '*' : String(rule.target))
        ? [{ name: 'unconfined', text: 'The process can leave its confinement.' }]
        : []
    case 'ptrace':
      return (rule.permissions ?? ['trace']).includes('trace')
        ? [
            {
              name: 'processes',
              text: 'It controls the other process, and so has what that one has.',
            },
          ]
        : []
    case 'mount':
    case 'remount':
    case 'umount':
    case 'pivot_root':
      return [
        {
          name: 'mount',
          text: 'What is mounted decides which file a path is: rules for paths may then mean others.',
        },
      ]
    case 'network':
      return rule.type === 'raw' || rule.family === 'packet'
        ? [{ name: 'raw-network', text: 'It reads and forges packets of others.' }]
        : []
    case 'userns':
      return [
        {
          name: 'userns',
          text: 'In its own user namespace a process has all capabilities, and reaches much more of the kernel.',
        },
      ]
    default:
      return []
  }
}

function fileDangers(rule: FileRule, exact: readonly (AccessRule | RlimitRule)[]): Danger[] {
  const dangers = new Map<DangerName, string>()
  const { permissions, exec = '' } = rule
  if (/[wa]/.test(permissions) && (exec !== '' || permissions.includes('m')))
    addWriteExecute(dangers)
  if (/u/i.test(exec))
    dangers.set('unconfined', 'The program runs without confinement, and so does what it starts.')
  for (const one of exact) {
    const path = one.kind === 'file' && one.path !== undefined ? textOf(one.path) : ''
    if (/[wa]/.test(permissions)) note(dangers, WRITES, path)
    if (permissions.includes('r')) note(dangers, READS, path)
  }
  return Array.from(dangers, ([name, text]) => ({ name, text }))
}

const textOf = (path: string | Glob): string =>
  typeof path === 'string' ? path : patternText(path).replaceAll(/\\(.)/gs, '$1')

function note(dangers: Map<DangerName, string>, tests: readonly Test[], path: string): void {
  const found = tests.find(([, pattern]) => pattern.test(path))
  if (found) dangers.set(found[0], found[2])
}

function addWriteExecute(dangers: Map<DangerName, string>): void {
  dangers.set(...WRITE_EXECUTE)
}

const WRITE_EXECUTE = [
  'write-and-execute',
  'Whoever can write to a file that is executed decides what runs.',
] as const

export const writeAndExecute: Danger = { name: WRITE_EXECUTE[0], text: WRITE_EXECUTE[1] }

export const allHomes: Danger = {
  name: 'homes',
  text: 'It is for the files of every user, not only of the one in the log.',
}
