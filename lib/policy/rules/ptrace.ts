import type { Reader } from '../reader.ts'
import { parseConditions, patterns } from '../conditions.ts'
import { parsePermissions, type Words } from '../permissions.ts'
import { writeCondition, writePermissions, writeQualifiers } from '../writer.ts'
import type { Pattern } from '../pattern.ts'
import type { Qualifiers } from '../qualifiers.ts'
import { byText, joining, type Compare, type Merge } from '../union.ts'

export type PtracePermission = 'trace' | 'tracedby' | 'read' | 'readby'

/** Tracing and inspecting other processes, and being traced or inspected: `ptrace (read) peer=web,`. */
export interface PtraceRule extends Qualifiers {
  readonly kind: 'ptrace'
  /** default: all of them */
  readonly permissions?: readonly PtracePermission[]
  /** the label of the other process */
  readonly peer?: Pattern
}

const WORDS: Words<PtracePermission> = {
  all: ['trace', 'tracedby', 'read', 'readby'],
  read: 'read',
  write: 'trace',
}

/** Reads what follows `ptrace`. */
export function parsePtrace(reader: Reader, qualifiers: Qualifiers): PtraceRule {
  const permissions = parsePermissions(reader, WORDS)
  const peer = patterns(reader, parseConditions(reader), ['peer'])
  reader.white()
  reader.endRule()
  return { kind: 'ptrace', ...qualifiers, ...(permissions && { permissions }), ...peer }
}

export const formatPtrace = (rule: PtraceRule): string =>
  `${writeQualifiers(rule)}ptrace${writePermissions(rule.permissions)}${writeCondition('peer', rule.peer)},`

export const comparePtrace: Compare<PtraceRule> = byText(formatPtrace, ({ peer }) => peer)

export const mergePtrace: Merge<PtraceRule> = joining({ permissions: WORDS.all })
