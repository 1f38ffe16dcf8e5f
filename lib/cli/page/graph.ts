/** The graph of profiles as a picture. */
import type { Arrow } from '../arrows.ts'
import { html } from './escape.ts'
import { HEIGHT, layOut, type Box, type Layout, type Line } from './layout.ts'

const STYLE = `
svg.graph { font: 12px ui-monospace, "DejaVu Sans Mono", monospace; --ink: #1c2430; --paper: #fff; --box: #eef2f8;
  --edge: #5b6b82; --exec: #1f5fbf; --hat: #7a3fb0; --change: #a04a00; --attach: #1d7a3d }
@media (prefers-color-scheme: dark) { svg.graph { --ink: #e6eaf0; --paper: #14181f; --box: #232b37; --edge: #8896aa;
  --exec: #7fb2ff; --hat: #cda2f5; --change: #f0a860; --attach: #77d394 } }
.graph .box rect { fill: var(--box); stroke: var(--edge) }
.graph .box text { fill: var(--ink) }
.graph .box.free rect { stroke-dasharray: 4 3 }
.graph .line path { fill: none; stroke: var(--line); stroke-width: 1.4 }
.graph .line:hover path { stroke-width: 3 }
.graph .exec { --line: var(--exec) } .graph .change_hat { --line: var(--hat) }
.graph .change_profile { --line: var(--change) } .graph .attachment { --line: var(--attach) }
.graph .head { fill: var(--line) }
.graph .faded { opacity: .12 } .graph .found rect { stroke-width: 3 }
`

/** A whole picture: nothing of it lies elsewhere, and nothing in it runs. */
export function graphSvg(arrows: readonly Arrow[]): string {
  const layout = layOut(arrows)
  const { width, height } = layout
  const size = `width="${Math.ceil(width)}" height="${Math.ceil(height)}"`
  const view = `viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="img" aria-label="profiles" ${size} ${view}>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="100%" height="100%" fill="var(--paper)"/>`,
    ...parts(layout),
    '</svg>\n',
  ].join('\n')
}

const parts = ({ boxes, lines }: Layout): readonly string[] => [
  ...lines.map(lineSvg),
  ...boxes.map(boxSvg),
]

function boxSvg({ name, shown, x, y, width }: Box): string {
  const kind = name === 'unconfined' ? 'box free' : 'box'
  return (
    `<g class="${kind}" data-name="${html(name)}"><title>${html(name)}</title>` +
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${HEIGHT}" rx="5"/>` +
    `<text x="${round(x + 10)}" y="${round(y + 17)}">${html(shown)}</text></g>`
  )
}

function lineSvg({ from, to, via, labels }: Line): string {
  const title = [`${from.name} → ${to.name}`, ...labels.slice(0, 20)].map(html).join('\n')
  const [path, [x, y], turned] = curve(from, to)
  const head = turned ? `M${x} ${y}l8 -4v8z` : `M${x} ${y}l-8 -4v8z`
  return (
    `<g class="line ${via}" data-from="${html(from.name)}" data-to="${html(to.name)}"><title>${title}</title>` +
    `<path d="${path}"/><path class="head" stroke="none" style="fill:var(--line)" d="${head}"/></g>`
  )
}

/** @returns the path, where it ends, and whether it comes from the right there */
function curve(from: Box, to: Box): readonly [string, readonly [number, number], boolean] {
  const x1 = round(from.x + from.width)
  const y1 = round(from.y + HEIGHT / 2)
  const y2 = round(to.y + HEIGHT / 2)
  if (to.column > from.column) {
    const x2 = round(to.x)
    const bend = (x2 - x1) / 2
    return [`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 7} ${y2}`, [x2, y2], false]
  }
  // Back, or within a column: round the right side. To itself: a small loop.
  const x2 = round(to.x + to.width)
  const out = Math.max(x1, x2) + 40
  const down = from === to ? 9 : 0
  return [
    `M${x1} ${y1 - down}C${out} ${y1 - down} ${out} ${y2 + down} ${x2 + 7} ${y2 + down}`,
    [x2, y2 + down],
    true,
  ]
}

const round = (number: number): number => Math.round(number * 10) / 10
