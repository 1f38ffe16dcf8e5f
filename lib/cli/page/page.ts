/** A page in one file: no network, and no script but its own, whose text is the same whatever the data. */
import { builtin } from '../../border/node.ts'
import { html } from './escape.ts'
import { SCRIPT } from './script.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --soft: #5b6b82; --rule: #d5dce6; --panel: #f5f7fa;
  --bad: #b3261e; --good: #1d7a3d; --warn: #8a5a00 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --paper: #14181f; --soft: #9aa8bb; --rule: #343e4d;
  --panel: #1c222c; --bad: #ff8a80; --good: #77d394; --warn: #f0b860 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif }
header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center;
  padding: .6rem 1rem; background: var(--panel); border-bottom: 1px solid var(--rule) }
h1 { font-size: 1.15rem; margin: 0; flex: 1 1 auto } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
main { padding: 0 1rem 2rem } p { max-width: 75ch } .soft, caption { color: var(--soft) }
input, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: 5px;
  padding: .25rem .6rem } input { flex: 0 1 16rem; min-width: 8rem } button { cursor: pointer }
.cards { display: flex; flex-wrap: wrap; gap: .6rem; margin-top: 1rem }
.card { border: 1px solid var(--rule); background: var(--panel); border-radius: 6px; padding: .5rem .9rem }
.card b { display: block; font-size: 1.4rem } .wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; min-width: 46rem; font-size: .9rem } caption { text-align: left }
th, td { text-align: left; vertical-align: top; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--rule);
  overflow-wrap: anywhere; min-width: 4.5rem } th { color: var(--soft); font-weight: 600 }
code { font: .92em ui-monospace, "DejaVu Sans Mono", monospace } .n { text-align: right } .n, .when { white-space: nowrap }
.bad { color: var(--bad) } .good { color: var(--good) } .warn { color: var(--warn) } [hidden] { display: none }
.stage { border: 1px solid var(--rule); border-radius: 6px; overflow: hidden; height: 70vh; touch-action: none }
.stage svg { width: 100%; height: 100%; cursor: grab; display: block } .legend span { margin-right: 1rem }
.chart { width: 100%; height: auto; max-height: 14rem } .chart .denied { fill: var(--bad) } .chart .allowed { fill: var(--warn) }
.chart text { fill: var(--soft); font-size: 11px } .chart line { stroke: var(--rule) }
`

export interface Page {
  readonly title: string
  readonly summary: string
  /** markup */
  readonly body: string
}

export function page({ title, summary, body }: Page): string {
  const hash = builtin('node:crypto').createHash('sha256').update(SCRIPT).digest('base64')
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${html(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${html(title)} <small class="soft">${html(summary)}</small></h1>
<input id="find" type="search" placeholder="Search ( / )" aria-label="Search"><output id="found" class="soft"></output></header>
<main>
${body}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`
}

/** The picture of a graph, which can be moved and zoomed. */
export const stage = (svg: string): string => `<p class="legend">
<button type="button" data-zoom="0.8" aria-label="zoom in">+</button>
<button type="button" data-zoom="1.25" aria-label="zoom out">−</button>
<button type="button" data-zoom="0">All</button>
<span class="soft">Wheel: zoom. Drag: move. A profile: click to see only what it is tied to.</span></p>
<p class="legend graph"><span style="color:light-dark(#1f5fbf,#7fb2ff)">exec</span>
<span style="color:light-dark(#a04a00,#f0a860)">change_profile</span>
<span style="color:light-dark(#7a3fb0,#cda2f5)">hat</span>
<span style="color:light-dark(#1d7a3d,#77d394)">attachment</span></p>
<div class="stage">${svg}</div>`

export interface Heading {
  readonly title: string
  readonly number?: boolean
}

/** @param rows cells of markup, and the text that a search looks at */
export function table(
  headings: readonly Heading[],
  rows: readonly { readonly cells: readonly string[]; readonly text: string }[],
): string {
  const kind = ({ number }: Heading): string => (number ? ' class="n"' : '')
  const head = headings.map((one) => `<th scope="col"${kind(one)}>${html(one.title)}</th>`).join('')
  const body = rows.map(
    ({ cells, text }) =>
      `<tr data-find="${html(text)}">${cells.map((cell, i) => `<td${kind(headings[i] as Heading)}>${cell}</td>`).join('')}</tr>`,
  )
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table></div>`
}
