/**
 * The names of profiles in requests, read as the kernel reads them: `aa_label_strn_parse` and
 * `aa_splitn_fqname` of security/apparmor. The launcher does the same in C (src/launcher/name.h).
 *
 * The kernel takes more than one spelling for "unconfined": a part without a name, a namespace without a
 * profile, and every beginning of the word (`'u'`, `'unconf'`), as long as no such profile is loaded.
 */
import { decode, encode } from './text.ts'

/** One profile of a request. */
export interface NamePart {
  /** `null` where none is named */
  readonly namespace: string | null
  readonly name: string
}

// isspace() of the kernel, for one character a byte.
const SPACES = '[\\t-\\r \\xa0]*'
const AROUND = new RegExp(`^${SPACES}|${SPACES}$`, 'g')
// One for aa_change_profile, one for aa_label_strn_parse. A third belongs to the name.
const STACKING = new RegExp(`^(?:&${SPACES}){0,2}`)
// It divides only behind a character of the same part that is no slash.
const UP_TO_DIVIDER = /^[^]*?[^/](?=\/\/&)/
const DIVIDER = '//&'
const PART = new RegExp(`^${SPACES}(?::${SPACES}([^:]*):(?://)?${SPACES})?([^]*)$`)

/**
 * The profiles that a name asks for, without the spaces that the kernel skips. What is missing is empty: the
 * namespace of `'::a'`, the name of `':ns:'` and of the last part of `'a//&'`.
 */
export function nameParts(name: string): readonly NamePart[] {
  let rest = encode(name).replace(AROUND, '').replace(STACKING, '')
  const parts: NamePart[] = []
  for (let found; (found = UP_TO_DIVIDER.exec(rest));) {
    parts.push(namePart(found[0]))
    rest = rest.slice(found[0].length + DIVIDER.length)
  }
  return [...parts, namePart(rest)]
}

/** The label that a name asks for: the name without what the kernel skips. */
export function plainName(name: string): string {
  return nameParts(name)
    .map(({ namespace, name }) => (namespace === null ? name : `:${namespace}:${name}`))
    .join(DIVIDER)
}

function namePart(bytes: string): NamePart {
  const [, namespace, name = ''] = PART.exec(bytes) ?? []
  if (namespace === undefined && name.startsWith(':')) return { namespace: name, name: '' }
  return { namespace: namespace === undefined ? null : decode(namespace), name: decode(name) }
}

/**
 * What is wrong with a name, as the end of a sentence; nothing when each of its parts is named. The word
 * `unconfined`, in full, is a name.
 */
export function nameFault(name: string): string | undefined {
  for (const part of nameParts(name)) {
    if (part.namespace === '') return 'must not have an empty namespace'
    if (part.name === '') return 'must name a profile'
    if (part.name !== UNCONFINED && UNCONFINED.startsWith(part.name)) {
      return `must not be a part of the word "${UNCONFINED}", which the kernel takes for the whole`
    }
  }
  return undefined
}

const UNCONFINED = 'unconfined'
