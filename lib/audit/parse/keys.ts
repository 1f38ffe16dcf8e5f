/** Which key of a record goes into which field, and how its value is written. The kernel's audit.c, lsm_audit.c. */
import { beginsAt, codesOf } from './line.ts'

/**
 * `text`: quoted, or hexadecimal when it holds a space, a quote or what is not ASCII. `word`: as it is, quoted or
 * not. `rest`: quoted, but raw, and the last of its record. The others say themselves what they are.
 */
export type Kind =
  'text' | 'word' | 'rest' | 'int' | 'event' | 'unixAddress' | 'list' | 'limit' | 'capability'

export interface Key {
  readonly name: string
  /** the name again, as bytes */
  readonly codes: Uint8Array
  readonly field: string
  /** the number of its field */
  readonly slot: number
  readonly kind: Kind
  /** a later key of the same field takes its place, instead of the other way round */
  readonly overrides: boolean
  /** writes its field */
  readonly put: Put
}

type Put = (record: Record<string, unknown>, value: unknown) => void

const table: Readonly<Record<Kind, readonly string[]>> = {
  event: ['apparmor=event'],
  text: [
    'info profile namespace name name2 comm exe target trans options fstype peer attribute',
    'srcname=srcName label=profile ns=targetNamespace tcontext=peerProfile capname=name',
    'bus path interface member method=member peer_label=peerProfile peer_profile=peerProfile',
    'peer_info=peerInfo error_name=errorName active_hat=activeHat',
  ],
  word: [
    'operation class=kernelClass family sock_type=sockType signal rlimit laddr=localAddress magic_token=token',
    'faddr=foreignAddress requested_mask=requestedMask denied_mask=deniedMask requested=requestedMask',
    'denied=deniedMask mask=requestedMask saddr!localAddress daddr!foreignAddress',
  ],
  rest: ['execpath=execPath'],
  int: [
    'error pid fsuid ouid protocol offset parent ppid=parent task lport=localPort fport=foreignPort',
    'peer_pid=peerPid src!localPort dest!foreignPort',
  ],
  unixAddress: ['addr=address peer_addr=peerAddress'],
  list: ['flags'],
  limit: ['value'],
  capability: ['capability'],
}

// One function for each field: `draft[field] = value` in one place for all takes the engine several times as long.
const puts: Readonly<Record<string, Put>> = {
  event: (d, v) => void (d['event'] = v),
  info: (d, v) => void (d['info'] = v),
  profile: (d, v) => void (d['profile'] = v),
  namespace: (d, v) => void (d['namespace'] = v),
  name: (d, v) => void (d['name'] = v),
  name2: (d, v) => void (d['name2'] = v),
  comm: (d, v) => void (d['comm'] = v),
  exe: (d, v) => void (d['exe'] = v),
  target: (d, v) => void (d['target'] = v),
  trans: (d, v) => void (d['trans'] = v),
  options: (d, v) => void (d['options'] = v),
  fstype: (d, v) => void (d['fstype'] = v),
  peer: (d, v) => void (d['peer'] = v),
  attribute: (d, v) => void (d['attribute'] = v),
  srcName: (d, v) => void (d['srcName'] = v),
  targetNamespace: (d, v) => void (d['targetNamespace'] = v),
  peerProfile: (d, v) => void (d['peerProfile'] = v),
  bus: (d, v) => void (d['bus'] = v),
  path: (d, v) => void (d['path'] = v),
  interface: (d, v) => void (d['interface'] = v),
  member: (d, v) => void (d['member'] = v),
  peerInfo: (d, v) => void (d['peerInfo'] = v),
  errorName: (d, v) => void (d['errorName'] = v),
  activeHat: (d, v) => void (d['activeHat'] = v),
  operation: (d, v) => void (d['operation'] = v),
  kernelClass: (d, v) => void (d['kernelClass'] = v),
  family: (d, v) => void (d['family'] = v),
  sockType: (d, v) => void (d['sockType'] = v),
  signal: (d, v) => void (d['signal'] = v),
  rlimit: (d, v) => void (d['rlimit'] = v),
  localAddress: (d, v) => void (d['localAddress'] = v),
  token: (d, v) => void (d['token'] = v),
  foreignAddress: (d, v) => void (d['foreignAddress'] = v),
  requestedMask: (d, v) => void (d['requestedMask'] = v),
  deniedMask: (d, v) => void (d['deniedMask'] = v),
  execPath: (d, v) => void (d['execPath'] = v),
  error: (d, v) => void (d['error'] = v),
  pid: (d, v) => void (d['pid'] = v),
  fsuid: (d, v) => void (d['fsuid'] = v),
  ouid: (d, v) => void (d['ouid'] = v),
  protocol: (d, v) => void (d['protocol'] = v),
  offset: (d, v) => void (d['offset'] = v),
  parent: (d, v) => void (d['parent'] = v),
  task: (d, v) => void (d['task'] = v),
  localPort: (d, v) => void (d['localPort'] = v),
  foreignPort: (d, v) => void (d['foreignPort'] = v),
  peerPid: (d, v) => void (d['peerPid'] = v),
  address: (d, v) => void (d['address'] = v),
  peerAddress: (d, v) => void (d['peerAddress'] = v),
  flags: (d, v) => void (d['flags'] = v),
  value: (d, v) => void (d['value'] = v),
  capability: (d, v) => void (d['capability'] = v),
}

const fields = Object.keys(puts)
/** How many fields keys can have. */
export const SLOTS: number = fields.length

function* rows(): Generator<Key> {
  for (const [kind, lines] of Object.entries(table) as [Kind, readonly string[]][]) {
    for (const entry of lines.join(' ').split(' ')) {
      const [name = '', field = name] = entry.split(/[=!]/)
      const slot = fields.indexOf(field)
      const put = puts[field] as Put
      const codes = codesOf(name)
      yield { name, codes, field, slot, kind, overrides: entry.includes('!'), put }
    }
  }
}

// By a hash that the scanner computes anyway: as a Map of strings it would need each key as a string first.
const SIZE = 512
const buckets: (Key[] | undefined)[] = Array.from({ length: SIZE }, () => undefined)
for (const key of rows()) (buckets[hashOf(key.codes) & (SIZE - 1)] ??= []).push(key)

function hashOf(codes: Uint8Array): number {
  let hash = 0
  for (const code of codes) hash = nextHash(hash, code)
  return hash
}

/** The hash of a key, character by character, from 0 on. */
export function nextHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0
}

/** The key between two places of a line, by its hash; `undefined` when it has no field. */
export function keyAt(line: Uint8Array, start: number, end: number, hash: number): Key | undefined {
  const bucket = buckets[hash & (SIZE - 1)]
  if (bucket === undefined) return undefined
  for (const key of bucket) {
    const { codes } = key
    if (codes.length === end - start && beginsAt(line, start, codes)) return key
  }
  return undefined
}

/** `name`, which a capability has by its number too. */
export const NAME: Key = keyAt(codesOf('name'), 0, 4, hashOf(codesOf('name'))) as Key
