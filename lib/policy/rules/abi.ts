import type { Reader } from '../reader.ts'
import { parsePath, writePath } from './include.ts'

/** The kernel features that the policy was written for: `abi <abi/4.0>,`. */
export interface AbiRule {
  readonly kind: 'abi'
  readonly path: string
  /** `true`: searched in the include directories (`<path>`); `false`: relative to the working directory (`"path"`) */
  readonly magic: boolean
}

// The scanner takes a comma and letters for another path.
const WORD = /,[^ \t\r\n"!,<>]/y

/** Reads what follows `abi`. */
export function parseAbi(reader: Reader): AbiRule {
  const path = parsePath(reader)
  reader.white()
  if (reader.looks(WORD)) reader.fail("a blank must stand behind the ',' of abi")
  reader.endRule()
  return { kind: 'abi', ...path }
}

export const formatAbi = (rule: AbiRule): string => `abi ${writePath(rule)},`
