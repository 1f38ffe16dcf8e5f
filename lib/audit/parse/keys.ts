/** Which key of a record goes into which field, and how its value is written. The kernel's audit.c, lsm_audit.c. */

/**
 * `text`: quoted, or hexadecimal when it holds a space, a quote or what is not ASCII. `word`: as it is, quoted or
 * not. `rest`: quoted, but raw, and the last of its record. The others say themselves what they are.
 */
export type Kind =
  'text' | 'word' | 'rest' | 'int' | 'event' | 'unixAddress' | 'list' | 'limit' | 'capability'

export interface Key {
  readonly name: string
  readonly field: string
  readonly kind: Kind
  /** a later key of the same field takes its place, instead of the other way round */
  readonly overrides: boolean
}

const table: Readonly<Record<Kind, readonly string[]>> = {
  event: ['apparmor'],
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

function* rows(): Generator<Key> {
  for (const [kind, lines] of Object.entries(table) as [Kind, readonly string[]][]) {
    for (const entry of lines.join(' ').split(' ')) {
      const [name = '', field = name] = entry.split(/[=!]/)
      yield { name, field, kind, overrides: entry.includes('!') }
    }
  }
}

// By a hash that the scanner computes anyway: as a Map of strings it would need each key as a string first.
const SIZE = 512
const buckets: (Key[] | undefined)[] = Array.from({ length: SIZE }, () => undefined)
for (const key of rows()) {
  let hash = 0
  for (let i = 0; i < key.name.length; i++) hash = nextHash(hash, key.name.charCodeAt(i))
  ;(buckets[hash & (SIZE - 1)] ??= []).push(key)
}

/** The hash of a key, character by character, from 0 on. */
export function nextHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0
}

/** The key between two places of a line, by its hash; `undefined` when it has no field. */
export function keyAt(line: string, start: number, end: number, hash: number): Key | undefined {
  const bucket = buckets[hash & (SIZE - 1)]
  if (bucket === undefined) return undefined
  for (const key of bucket) {
    if (key.name.length === end - start && line.startsWith(key.name, start)) return key
  }
  return undefined
}
