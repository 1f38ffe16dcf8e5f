/** Binary policy that is about to be loaded: what it holds, and what a kernel must not be given. */
import { AppArmorError } from '../../border/errors.ts'
import { encode } from '../../border/text.ts'
import type { LoadedProfile } from '../../inspect/profiles.ts'
import type { BlobRecord } from '../compile/blob.ts'

/** The records for one policy namespace, which the kernel takes as one: all of them, or none. */
export interface RecordSet {
  /** `null` for that of whoever loads it */
  readonly namespace: string | null
  readonly records: readonly BlobRecord[]
}

// The most bytes that the kernel has for a part of a name.
const MOST = 253

/**
 * The sets of a policy, in the order of their first records. The kernels before 7 would load records of several
 * namespaces into one of them, and later ones refuse such a set.
 */
export function splitRecords(records: readonly BlobRecord[]): readonly RecordSet[] {
  const sets = new Map<string | null, BlobRecord[]>()
  for (const record of records) {
    const set = sets.get(record.namespace)
    if (set) set.push(record)
    else sets.set(record.namespace, [record])
  }
  return [...sets].map(([namespace, records]) => ({ namespace, records }))
}

/** The bytes of a set. */
export function joinRecords({ records }: RecordSet): Uint8Array {
  return Buffer.concat(records.map(({ bytes }) => bytes))
}

/** The name of a profile as the kernel has it, seen from the namespace of whoever asks. */
export function qualifiedName(namespace: string | null, name: string): string {
  return namespace === null ? name : `:${namespace}:${name}`
}

/**
 * Refuses sets that do harm to kernels: two profiles of one name crash them when they are replaced, and a child
 * without its parent, or a name too long, keeps them from loading anything afterwards.
 *
 * @param loaded what the kernel has, or `null` where that cannot be read
 */
export function refuseHarmful(
  { namespace, records }: RecordSet,
  loaded: readonly Pick<LoadedProfile, 'namespace' | 'name'>[] | null,
): void {
  const names = new Set<string>()
  for (const { name } of records) {
    // The kernel does not count white space at the end of a name.
    const known = name.trimEnd()
    if (names.has(known)) throw harmful(namespace, name, 'two profiles have this name')
    names.add(known)
  }
  const there = loaded?.filter((profile) => profile.namespace === namespace)
  for (const { name } of records) {
    const parts = name.split('//')
    if (parts.some((part) => part.trim() === '')) {
      throw harmful(namespace, name, 'a part of the name is empty')
    }
    if (parts.some((part) => encode(part).length > MOST)) {
      throw harmful(namespace, name, `a part of the name is longer than ${MOST} bytes`)
    }
    const parent = parts.slice(0, -1).join('//')
    const known = names.has(parent) || (there?.some((profile) => profile.name === parent) ?? true)
    if (parent !== '' && !known) throw harmful(namespace, name, 'its parent is not loaded')
  }
}

function harmful(namespace: string | null, name: string, detail: string): AppArmorError {
  const profile = qualifiedName(namespace, name)
  return new AppArmorError({ code: 'ERR_APPARMOR_POLICY_HARMFUL', profile, detail })
}
