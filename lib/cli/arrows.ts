/** Who may become whom, in words. */
import { transitions, type Edge, type Policy } from '../policy/node.ts'
import type { Schema } from './command.ts'
import { groupBy } from './group.ts'
import { exactly } from './json.ts'

/** An edge in words. */
export interface Arrow {
  readonly from: string
  readonly to: string
  readonly via: Edge['via']
  readonly label: string
  readonly file: string | null
  readonly line: number | null
}

export const ARROW: Schema = exactly({
  from: { type: 'string' },
  to: { type: 'string' },
  via: { enum: ['exec', 'change_profile', 'change_hat', 'attachment'] },
  label: { type: 'string' },
  file: { type: ['string', 'null'] },
  line: { type: ['integer', 'null'] },
})

const UNCONFINED = 'unconfined'

export const arrowsOf = (policies: readonly Policy[]): readonly Arrow[] =>
  policies.flatMap((policy) => transitions(policy).map(toArrow))

function toArrow({ from, to, via, path, exec, location }: Edge): Arrow {
  return {
    from: from ?? UNCONFINED,
    to: to === null ? UNCONFINED : String(to),
    via,
    label: [exec ?? (via === 'exec' ? '' : via), path === undefined ? '' : String(path)]
      .filter(Boolean)
      .join(' '),
    file: location?.file ?? null,
    line: location?.line ?? null,
  }
}

export function reachable(all: readonly Arrow[], start: string): readonly Arrow[] {
  const from = groupBy(all, (arrow) => arrow.from)
  const seen = new Set([start])
  for (const name of seen) for (const { to } of from.get(name) ?? []) seen.add(to)
  return all.filter((arrow) => seen.has(arrow.from))
}
