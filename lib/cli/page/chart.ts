/** How many records there were, over time. */
import { html } from './escape.ts'

export interface Bar {
  readonly time: Date
  readonly denied: number
  readonly allowed: number
}

const WIDTH = 800
const HEIGHT = 180
const LEFT = 46
const BOTTOM = 24

export function chart(bars: readonly Bar[]): string {
  const most = Math.max(1, ...bars.map(({ denied, allowed }) => denied + allowed))
  const each = (WIDTH - LEFT) / Math.max(1, bars.length)
  const tall = (number: number): number => ((HEIGHT - BOTTOM - 10) * number) / most
  const base = HEIGHT - BOTTOM
  const columns = bars.map(({ time, denied, allowed }, i) => {
    const x = (LEFT + i * each).toFixed(1)
    const width = Math.max(1, each - 1).toFixed(1)
    const rect = (kind: string, y: number, height: number): string =>
      `<rect class="${kind}" x="${x}" y="${y.toFixed(1)}" width="${width}" height="${height.toFixed(1)}"/>`
    const title = `${said(time)}: ${denied} denied, ${allowed} allowed`
    return (
      `<g><title>${html(title)}</title>${rect('denied', base - tall(denied), tall(denied))}` +
      `${rect('allowed', base - tall(denied) - tall(allowed), tall(allowed))}</g>`
    )
  })
  const first = bars[0]?.time
  const last = bars.at(-1)?.time
  return `<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="records over time">
<line x1="${LEFT}" x2="${WIDTH}" y1="${base}" y2="${base}"/>
<text x="${LEFT - 6}" y="16" text-anchor="end">${most}</text><text x="${LEFT - 6}" y="${base}" text-anchor="end">0</text>
${columns.join('\n')}
<text x="${LEFT}" y="${HEIGHT - 6}">${first ? html(said(first)) : ''}</text>
<text x="${WIDTH}" y="${HEIGHT - 6}" text-anchor="end">${last ? html(said(last)) : ''}</text>
</svg>`
}

export const said = (time: Date): string => time.toISOString().slice(0, 16).replace('T', ' ')

const MINUTE = 60_000
const MOST = 72

/** @param minutes how many there were in each minute that had any */
export function barsOf(
  minutes: ReadonlyMap<number, { readonly denied: number; readonly allowed: number }>,
): readonly Bar[] {
  if (minutes.size === 0) return []
  let first = Infinity
  let last = -Infinity
  for (const minute of minutes.keys()) {
    first = Math.min(first, minute)
    last = Math.max(last, minute)
  }
  const step = Math.ceil((last - first + 1) / MOST)
  const bars = Array.from({ length: Math.ceil((last - first + 1) / step) }, (_, i) => ({
    time: new Date((first + i * step) * MINUTE),
    denied: 0,
    allowed: 0,
  }))
  for (const [minute, { denied, allowed }] of minutes) {
    const bar = bars[Math.floor((minute - first) / step)]
    if (!bar) continue
    bar.denied += denied
    bar.allowed += allowed
  }
  return bars
}
