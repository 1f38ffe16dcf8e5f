/** Places profiles in columns, each as far from the first as there are steps to it. */
import type { Arrow } from '../arrows.ts'
import { groupBy } from '../group.ts'
import { safe } from '../screen.ts'
import { widthOf } from '../width.ts'

export interface Box {
  readonly name: string
  readonly shown: string
  readonly column: number
  readonly width: number
  x: number
  y: number
}

/** All ways from one profile to another that are of one kind. */
export interface Line {
  readonly from: Box
  readonly to: Box
  readonly via: Arrow['via']
  readonly labels: readonly string[]
}

export interface Layout {
  readonly boxes: readonly Box[]
  readonly lines: readonly Line[]
  readonly width: number
  readonly height: number
}

export const HEIGHT = 26
const CHARACTER = 7.3
const MOST = 42
const ROW = 38
const GAP = 110
const MARGIN = 20
const SWEEPS = 6

export function layOut(arrows: readonly Arrow[]): Layout {
  const columns = columnsOf(arrows)
  const boxes = new Map(
    Array.from(columns, ([name, column]) => {
      const shown = shorten(safe(name))
      return [name, { name, shown, column, width: widthOf(shown) * CHARACTER + 20, x: 0, y: 0 }]
    }),
  )
  const lines = Array.from(
    groupBy(arrows, ({ from, to, via }) => JSON.stringify([from, to, via])).values(),
    (group): Line => {
      const [{ from, to, via }] = group as [Arrow]
      const labels = Array.from(new Set(group.map(({ label }) => label)))
      return { from: boxes.get(from) as Box, to: boxes.get(to) as Box, via, labels }
    },
  )
  const all = Array.from(boxes.values())
  const sorted = Array.from(groupBy(all, ({ column }) => column))
    .sort(([a], [b]) => a - b)
    .map(([, column]) => column)
  place(sorted, lines)
  return {
    boxes: all,
    lines,
    width: Math.max(0, ...all.map(({ x, width }) => x + width)) + MARGIN + GAP / 2,
    height: Math.max(0, ...all.map(({ y }) => y + HEIGHT)) + MARGIN,
  }
}

function shorten(name: string): string {
  const characters = Array.from(name)
  return characters.length <= MOST ? name : `…${characters.slice(1 - MOST).join('')}`
}

/** By breadth: first from `unconfined`, then from what nothing leads to, then from what is left. */
function columnsOf(arrows: readonly Arrow[]): ReadonlyMap<string, number> {
  const from = groupBy(arrows, (arrow) => arrow.from)
  const names = Array.from(new Set(arrows.flatMap((arrow) => [arrow.from, arrow.to])))
  const targets = new Set(arrows.map(({ to }) => to))
  const columns = new Map<string, number>()
  const starts = [
    ...names.filter((name) => name === 'unconfined'),
    ...names.filter((name) => !targets.has(name)),
    ...names,
  ]
  for (const start of starts) {
    if (columns.has(start)) continue
    columns.set(start, 0)
    const queue = [start]
    for (const name of queue) {
      for (const { to } of from.get(name) ?? []) {
        if (columns.has(to)) continue
        columns.set(to, (columns.get(name) as number) + 1)
        queue.push(to)
      }
    }
  }
  return columns
}

/** Each box near those that it is tied to, so that lines cross seldom. */
function place(columns: readonly Box[][], lines: readonly Line[]): void {
  const tied = groupBy(
    lines.flatMap(({ from, to }) => [
      { of: from, to },
      { of: to, to: from },
    ]),
    ({ of }) => of,
  )
  const tallest = Math.max(0, ...columns.map((column) => column.length))
  const settle = (column: readonly Box[]): void => {
    const top = MARGIN + ((tallest - column.length) * ROW) / 2
    for (const [i, box] of column.entries()) box.y = top + i * ROW
  }
  let x = MARGIN
  for (const column of columns) {
    for (const box of column) box.x = x
    x += Math.max(...column.map(({ width }) => width)) + GAP
    settle(column)
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of sweep % 2 ? columns.toReversed() : columns) {
      const wish = new Map(
        column.map((box) => {
          const others = (tied.get(box) ?? []).filter(({ to }) => to.column !== box.column)
          const sum = others.reduce((total, { to }) => total + to.y, 0)
          return [box, others.length === 0 ? box.y : sum / others.length]
        }),
      )
      column.sort((a, b) => (wish.get(a) as number) - (wish.get(b) as number))
      settle(column)
    }
  }
}
