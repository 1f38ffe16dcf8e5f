/** Log lines that are JSON: `journalctl -o json`, `dmesg -J`, and the wrappers of container engines. */
import type { AuditId } from '../record.ts'
import { decodeBytes } from '../../border/text.ts'

export interface Unwrapped {
  readonly text: string
  readonly host?: string
  readonly audit?: AuditId
  readonly problem?: string
}

type Fields = Readonly<Record<string, unknown>>

/** The message within a line of JSON; `null` when it is none, or has none. */
export function unwrap(line: string): Unwrapped | null {
  const fields = parse(line)
  if (fields === null) return null
  if (fields['DBUS_BROKER_POLICY_TYPE'] === 'apparmor') return fromBroker(fields)
  const host = first(fields['_HOSTNAME'])
  const audit = journalId(fields)
  const common = { ...(host === undefined ? {} : { host }), ...(audit ? { audit } : {}) }
  const text = first(fields['MESSAGE'] ?? fields['msg'] ?? fields['log'] ?? fields['message'])
  if (text !== undefined) return { text, ...common }
  const rebuilt = fromAuditFields(fields)
  if (rebuilt === null) return null
  return { text: rebuilt, ...common, problem: 'the journal has left the message out' }
}

function parse(line: string): Fields | null {
  try {
    const text = line.trim()
    // a line within the output of dmesg -J: `"msg": "…"`
    const object: unknown = JSON.parse(text.startsWith('"') ? `{${text.replace(/,$/, '')}}` : text)
    return typeof object === 'object' && object !== null && !Array.isArray(object)
      ? (object as Fields)
      : null
  } catch {
    return null
  }
}

/** A field of the journal: text, an array of bytes when it is not UTF-8, or an array of these when there are several. */
function first(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return undefined
  const [one] = value as unknown[]
  return typeof one === 'string' ? one : (bytes(value) ?? bytes(one))
}

const bytes = (value: unknown): string | undefined =>
  Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255)
    ? decodeBytes(Uint8Array.from(value as number[]))
    : undefined

// journald's copy has lost `audit(…)`: the time and the serial number are fields of their own.
function journalId(fields: Fields): AuditId | undefined {
  const micros = first(fields['_SOURCE_REALTIME_TIMESTAMP']) ?? ''
  const serial = first(fields['_AUDIT_ID']) ?? ''
  if (!/^\d{7,17}$/.test(micros) || !/^\d{1,10}$/.test(serial)) return undefined
  const id = `${micros.slice(0, -6)}.${micros.slice(-6, -3)}:${serial}`
  return { time: new Date(Number(micros.slice(0, -3))), serial: Number(serial), id }
}

// journald cuts these at their first space, so they are second best.
function fromAuditFields(fields: Fields): string | null {
  const mode = first(fields['_AUDIT_FIELD_APPARMOR'])
  if (mode === undefined) return null
  const pairs = [`apparmor=${mode}`]
  for (const [name, value] of Object.entries(fields)) {
    const key = /^_AUDIT_FIELD_([A-Z_]+)$/.exec(name)?.[1]?.toLowerCase()
    const text = first(value)
    if (key === undefined || key === 'apparmor' || text === undefined) continue
    pairs.push(`${key}=${key === 'name' ? quote(text) : text}`)
  }
  const pid = first(fields['_PID'])
  const comm = first(fields['_COMM'])
  if (pid !== undefined) pairs.push(`pid=${pid}`)
  if (comm !== undefined) pairs.push(`comm=${quote(comm)}`)
  return pairs.join(' ')
}

// Without quotes and spaces it may stand as it is; otherwise as the kernel writes it.
function quote(text: string): string {
  if (/^[!#-~]*$/.test(text)) return `"${text}"`
  const bytes = new TextEncoder().encode(text)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('')
}

const BROKER = [
  ['bus', 'DBUS_BROKER_POLICY_BUS'],
  ['path', 'DBUS_BROKER_MESSAGE_PATH'],
  ['interface', 'DBUS_BROKER_MESSAGE_INTERFACE'],
  ['member', 'DBUS_BROKER_MESSAGE_MEMBER'],
  ['name', 'DBUS_BROKER_MESSAGE_DESTINATION'],
] as const

// dbus-broker writes no record of AppArmor's form, but the same facts.
function fromBroker(fields: Fields): Unwrapped {
  const get = (name: string): string => first(fields[`DBUS_BROKER_${name}`]) ?? ''
  const label = (name: string): string => get(name).replace(/ \([a-z]+\)$/, '')
  const sends = get('TRANSMIT_ACTION') !== 'receive'
  const [subject, peer] = sends ? ['SENDER', 'RECEIVER'] : ['RECEIVER', 'SENDER']
  const pairs = [
    `apparmor="DENIED" operation="dbus_${get('MESSAGE_TYPE') || 'method_call'}"`,
    `mask="${sends ? 'send' : 'receive'}"`,
    ...BROKER.map(([key, name]) => [key, first(fields[name])] as const)
      .filter(([, value]) => value !== undefined)
      .map(([key, value = '']) => `${key}=${quote(value)}`),
    `label=${quote(label(`${subject}_SECURITY_LABEL`))}`,
    `peer_label=${quote(label(`${peer}_SECURITY_LABEL`))}`,
  ]
  const host = first(fields['_HOSTNAME'])
  return { text: pairs.join(' '), ...(host === undefined ? {} : { host }) }
}
