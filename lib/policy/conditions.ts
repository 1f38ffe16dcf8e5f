/** Conditions `name=value` of rules. */
import type { Pattern } from './pattern.ts'
import type { Cond, Reader } from './reader.ts'

/** Reads all conditions that stand here. */
export function parseConditions(reader: Reader): Cond[] {
  const conds: Cond[] = []
  for (;;) {
    reader.white()
    if (PEER.test(reader.text.slice(reader.pos, reader.pos + 64))) return conds
    const cond = reader.condition()
    if (!cond) return conds
    conds.push(cond)
  }
}

const PEER = /^peer[ \t]*=[ \t]*\(/

/** Reads `peer=(…)`; nothing when it is not here. */
export function parsePeer(reader: Reader): Cond[] | undefined {
  reader.white()
  const [head] = PEER.exec(reader.text.slice(reader.pos, reader.pos + 64)) ?? []
  if (head === undefined) return undefined
  reader.pos += head.length - 1
  return reader.conditions()
}

/**
 * The patterns of conditions by their names.
 *
 * @param names which there may be
 */
export function patterns<N extends string>(
  reader: Reader,
  conds: readonly Cond[],
  names: readonly N[],
): { [K in N]?: Pattern } {
  const found: { [K in N]?: Pattern } = {}
  for (const cond of conds) {
    const name = cond.name as N
    if (!names.includes(name)) reader.fail(`no condition '${name}' in this rule`, cond.at)
    if (Object.hasOwn(found, name)) reader.fail(`'${name}' is given twice`, cond.at)
    if (cond.operator === 'in') reader.fail(`'${name}' takes '=', not 'in'`, cond.at)
    if (cond.values.length !== 1) reader.fail(`'${name}' takes one value`, cond.at)
    found[name] = reader.pattern(cond.values[0] as string)
  }
  return found
}

/** The text of a condition that takes no patterns. */
export function plain(reader: Reader, cond: Cond | undefined): string | undefined {
  if (!cond) return undefined
  if (cond.operator === 'in') reader.fail(`'${cond.name}' takes '=', not 'in'`, cond.at)
  if (cond.values.length !== 1) reader.fail(`'${cond.name}' takes one value`, cond.at)
  return reader.name(cond.values[0] as string)
}
