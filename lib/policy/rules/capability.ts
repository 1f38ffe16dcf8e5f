import type { Reader } from '../reader.ts'
import { writeQualifiers } from '../writer.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

/** A capability of capabilities(7), as apparmor.d(5) writes it. */
export type Capability = (typeof CAPABILITIES)[number]

/** Capabilities: `capability net_bind_service,`. */
export interface CapabilityRule extends Qualifiers {
  readonly kind: 'capability'
  /** default: all of them */
  readonly capabilities?: readonly Capability[]
}

export const CAPABILITIES = [
  'audit_control',
  'audit_read',
  'audit_write',
  'block_suspend',
  'bpf',
  'checkpoint_restore',
  'chown',
  'dac_override',
  'dac_read_search',
  'fowner',
  'fsetid',
  'ipc_lock',
  'ipc_owner',
  'kill',
  'lease',
  'linux_immutable',
  'mac_admin',
  'mac_override',
  'mknod',
  'net_admin',
  'net_bind_service',
  'net_broadcast',
  'net_raw',
  'perfmon',
  'setfcap',
  'setgid',
  'setpcap',
  'setuid',
  'sys_admin',
  'sys_boot',
  'sys_chroot',
  'sys_module',
  'sys_nice',
  'sys_pacct',
  'sys_ptrace',
  'sys_rawio',
  'sys_resource',
  'sys_time',
  'sys_tty_config',
  'syslog',
  'wake_alarm',
] as const

const known: ReadonlySet<string> = new Set(CAPABILITIES)

/** Reads what follows `capability`. */
export function parseCapability(reader: Reader, qualifiers: Qualifiers): CapabilityRule {
  const capabilities: Capability[] = []
  for (;;) {
    reader.space()
    const at = reader.pos
    const name = reader.peekName()
    if (name === '') break
    if (!known.has(name)) reader.fail(`no capability '${name}'`, at)
    capabilities.push(name as Capability)
    reader.pos += name.length
  }
  reader.endRule()
  return capabilities.length === 0
    ? { kind: 'capability', ...qualifiers }
    : { kind: 'capability', ...qualifiers, capabilities }
}

export function formatCapability(rule: CapabilityRule): string {
  const list = rule.capabilities?.map((name) => ` ${name}`).join('') ?? ''
  return `${writeQualifiers(rule)}capability${list},`
}

export const compareCapability: Compare<CapabilityRule> = byText(formatCapability)

export const mergeCapability: Merge<CapabilityRule> = joining({ capabilities: CAPABILITIES })
