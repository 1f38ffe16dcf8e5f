/** An audit record in one readable line. */
import { suggest, type AuditRecord, type LogRecord } from '../audit/node.ts'
import { count } from './group.ts'
import { bold, cyan, dim, green, red, yellow, type Span } from './screen.ts'

type Fields = Partial<Record<string, unknown>> & AuditRecord

const EVENTS: Readonly<Record<string, (text: string) => Span>> = {
  denied: red,
  killed: red,
  allowed: yellow,
  audit: green,
  status: cyan,
}

/** What was asked for, as a rule would say it: `open r /etc/shadow`. */
export function act(record: AuditRecord): string {
  const found = record as Fields
  const asked = found.deniedMask ?? found.requestedMask
  const mask = asked === record.operation ? undefined : asked
  const said = (...parts: readonly unknown[]): string =>
    parts.filter((part) => part !== undefined && part !== '').join(' ')
  switch (record.class) {
    case 'file':
    case 'mqueue':
      return said(record.operation, mask, record.name, record.target && `→ ${record.target}`)
    case 'exec':
      return said('execute', record.name, record.target && `→ ${record.target}`)
    case 'cap':
      return said('capability', record.name)
    case 'net':
    case 'unix':
      return said(record.operation, mask, found.family, found.sockType, place(found))
    case 'signal':
      return said('signal', mask, record.signal, record.peer && `peer ${record.peer}`)
    case 'ptrace':
      return said('ptrace', mask, record.peer && `peer ${record.peer}`)
    case 'mount':
      return said(
        record.operation,
        record.fstype && `type ${record.fstype}`,
        record.srcName,
        record.name && `→ ${record.name}`,
      )
    case 'dbus':
      return said(record.operation, mask, record.bus, record.path, record.interface, record.member)
    case 'rlimit':
      return said('rlimit', record.rlimit, record.value)
    default:
      return said(record.operation, mask, record.name, record.target && `→ ${record.target}`)
  }
}

function place(found: Fields): string {
  const { foreignAddress, foreignPort, localAddress, localPort, address, peerAddress } = found
  if (foreignAddress !== undefined) return `→ ${foreignAddress}:${foreignPort ?? ''}`
  if (localAddress !== undefined) return `${localAddress}:${localPort ?? ''}`
  return String(peerAddress ?? address ?? '')
}

/** What makes two records the same to a reader. */
export function likeness(record: LogRecord): string {
  if (record.event === 'lost') return JSON.stringify(['lost', record.reason])
  const { event, namespace, profile, comm, info } = record
  // No name has a null byte in it.
  return [event, namespace, profile, comm, info, act(record)].join('\0')
}

const ASKS: ReadonlySet<string> = new Set(['denied', 'allowed', 'killed'])

/** The rules that would permit what was refused, as text of the policy language. */
export function fixOf(record: LogRecord): readonly string[] {
  if (!ASKS.has(record.event)) return []
  return suggest([record]).flatMap(({ kind, text }) =>
    kind === 'rule' ? [text] : kind === 'flag' ? [`flags=(${text})`] : [],
  )
}

export function lineOf(record: LogRecord): readonly Span[] {
  if (record.event === 'lost') {
    const what = record.count === null ? 'some records' : count(record.count, 'record')
    return [yellow('lost'), ` ${what}: ${record.reason}`]
  }
  const { audit, event, profile, namespace, comm, pid, info } = record
  const paint = EVENTS[event] ?? dim
  const who = [comm, pid === undefined ? '' : `[${pid}]`].join('')
  return [
    dim(audit ? `${clock(audit.time)} ` : ''),
    paint(event.padEnd(8)),
    bold([namespace, profile].filter(Boolean).join(':') || '-'),
    `  ${act(record)}`,
    dim(who && `  by ${who}`),
    dim(info === undefined ? '' : `  (${info})`),
  ]
}

const clock = (time: Date): string => {
  const two = (number: number): string => String(number).padStart(2, '0')
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}
