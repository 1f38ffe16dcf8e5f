import { unquote, type Reader } from '../reader.ts'
import { writeWord } from '../../border/word.ts'

/** The text of another file, or of each file of a directory: `include <abstractions/base>`. */
export interface IncludeRule {
  readonly kind: 'include'
  readonly path: string
  /** `true`: searched in the include directories (`<path>`); `false`: relative to the working directory (`"path"`) */
  readonly magic: boolean
  /** `true`: a missing file is not an error (`include if exists`) */
  readonly ifExists?: boolean
}

// As apparmor_parser's INC_IDS: `<` and `>` end a bare path.
const BARE = /(?:[^\s"!,<>\\]|,(?=[^\s"!,<>])|\\[ \t"!,]?){1,16382}/y
const MAGIC = /<(?:"[^"]*"|[^">\t\r\n]{1,16382})>/y
const IF_EXISTS = /[ \t]+if[ \t]+exists(?=[ \t])/y

/** Reads what follows `include` or `#include`. */
export function parseInclude(reader: Reader): IncludeRule {
  const ifExists = reader.match(IF_EXISTS) !== undefined
  const path = parsePath(reader)
  return ifExists ? { kind: 'include', ...path, ifExists } : { kind: 'include', ...path }
}

export const formatInclude = (rule: IncludeRule): string =>
  `include ${rule.ifExists ? 'if exists ' : ''}${writePath(rule)}`

/** Reads `<path>`, `"path"` or `path`. */
export function parsePath(reader: Reader): { path: string; magic: boolean } {
  reader.white()
  const magic = reader.match(MAGIC)
  const raw = magic ? magic.slice(1, -1).trim() : (reader.quoted() ?? reader.match(BARE))
  if (raw === undefined || unquote(raw) === '') reader.expected("'<path>' or '\"path\"'")
  return { path: reader.name(raw), magic: magic !== undefined }
}

export function writePath({ path, magic }: { path: string; magic: boolean }): string {
  if (magic) return /[\s"]/.test(path) ? `<"${path}">` : `<${path}>`
  const word = writeWord(path)
  return word.startsWith('"') ? word : `"${word}"`
}
