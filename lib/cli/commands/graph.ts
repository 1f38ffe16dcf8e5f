import type { Policy } from '../../policy/node.ts'
import { ARROW, arrowsOf, reachable, type Arrow } from '../arrows.ts'
import { command, type Command } from '../command.ts'
import { count, groupBy } from '../group.ts'
import { documentSchema, listOf } from '../json.ts'
import { BASE, BASE_OPTION, readDirectory, readPolicy } from '../read_policy.ts'
import { bold, cyan, dim, safe, yellow, type Screen } from '../screen.ts'

const GRAPH: Command = command({
  name: 'graph',
  summary: 'Show the transitions between profiles',
  description: [
    'Transitions happen by execution, change_profile, hats, and by attachment from unconfined. The output is a ' +
      'tree, a picture, a page that you can search and zoom, or a diagram for Mermaid or Graphviz.',
  ],
  operands: [
    {
      name: 'FILE',
      help: `files of policy; default: all of ${BASE}`,
      optional: true,
      multiple: true,
      complete: 'file',
    },
  ],
  options: {
    base: BASE_OPTION,
    format: {
      type: 'string',
      short: 'f',
      choices: ['tree', 'mermaid', 'dot', 'svg', 'html'],
      help: 'default: tree',
    },
    profile: {
      type: 'string',
      short: 'p',
      value: 'PROFILE',
      complete: 'profile',
      help: 'only profiles that can be reached from this one',
    },
  },
  examples: [
    { run: 'apparmor graph', what: 'everything' },
    { run: 'apparmor graph web.profile --format mermaid', what: 'for a page of Markdown' },
    { run: 'apparmor graph --format html > graph.html', what: 'for a browser' },
    {
      run: 'apparmor graph --profile unconfined --format dot | dot -Tpdf > graph.pdf',
      what: 'by Graphviz',
    },
  ],
  exits: { 0: 'shown', 2: 'a file could not be read' },
  schema: documentSchema('graph', {
    edges: listOf(ARROW),
    unread: listOf({ type: 'string' }),
  }),
  async run({
    operands,
    options: { base = BASE, format = 'tree', profile },
    json,
    out,
    err,
    world,
  }) {
    const unread: string[] = []
    const policies: Policy[] = []
    for (const file of operands) policies.push(await readPolicy(file, base, world))
    if (operands.length === 0) {
      const found = readDirectory(base)
      policies.push(...found.policies.map(({ policy }) => policy))
      unread.push(...found.problems.map(({ file }) => file))
    }
    const all = arrowsOf(policies)
    const arrows = profile === undefined ? all : reachable(all, profile)
    if (json) return out.json({ version: 1, edges: arrows, unread })
    // What stays as it is becomes nothing.
    const becoming = arrows.filter(({ from, to }) => from !== to)
    if (format === 'svg' || format === 'html') out.text(await picture(becoming, format))
    else ({ tree: showTree, mermaid: showMermaid, dot: showDot })[format as 'tree'](becoming, out)
    for (const file of unread)
      err.line(yellow(`${file} could not be read: apparmor check says why`))
  },
})
export default GRAPH

async function picture(arrows: readonly Arrow[], format: 'svg' | 'html'): Promise<string> {
  const { graphSvg } = await import('../page/graph.ts')
  const svg = graphSvg(arrows)
  if (format === 'svg') return svg
  const { page, stage } = await import('../page/page.ts')
  const names = new Set(arrows.flatMap(({ from, to }) => [from, to]))
  return page({
    title: 'Who may become whom',
    summary: `${count(names.size, 'profile')}, ${count(arrows.length, 'way')}`,
    body: stage(svg),
  })
}

function showTree(arrows: readonly Arrow[], out: Screen): void {
  for (const [from, own] of groupBy(arrows, (arrow) => arrow.from)) {
    out.line(bold(from))
    const targets = Array.from(groupBy(own, ({ to, via }) => JSON.stringify([to, via])).values())
    for (const [i, group] of targets.entries()) {
      const [{ to, via } = { to: '', via: '' }] = group
      const branch = i === targets.length - 1 ? '└─ ' : '├─ '
      const labels = Array.from(new Set(group.map(({ label }) => label)))
      const shown =
        labels.slice(0, 3).join(', ') + (labels.length > 3 ? `, and ${labels.length - 3} more` : '')
      out.line(dim(branch), cyan(to), via === 'change_hat' ? dim('  hat') : dim(`  ${shown}`))
    }
  }
}

/** A number for each profile: names can hold what a diagram's language reads as its own. */
function numbered(arrows: readonly Arrow[]): ReadonlyMap<string, string> {
  const names = new Set(arrows.flatMap(({ from, to }) => [from, to]))
  return new Map(Array.from(names, (name, i) => [name, `p${i}`]))
}

// Entities are read in every label of Mermaid.
const mermaid = (text: string): string =>
  safe(text).replaceAll(/[^\w /.:-]/gu, (character) => `#${character.codePointAt(0)};`)

function showMermaid(arrows: readonly Arrow[], out: Screen): void {
  const ids = numbered(arrows)
  out.line('flowchart LR')
  for (const [name, id] of ids) out.line(`  ${id}["${mermaid(name)}"]`)
  for (const { from, to, label } of arrows) {
    out.line(`  ${ids.get(from)} -->|"${mermaid(label)}"| ${ids.get(to)}`)
  }
}

const quote = (text: string): string => `"${safe(text).replaceAll(/["\\]/g, '\\$&')}"`

function showDot(arrows: readonly Arrow[], out: Screen): void {
  const ids = numbered(arrows)
  out.line('digraph apparmor {')
  out.line('  rankdir=LR')
  out.line('  node [shape=box]')
  for (const [name, id] of ids) out.line(`  ${id} [label=${quote(name)}]`)
  for (const { from, to, label } of arrows)
    out.line(`  ${ids.get(from)} -> ${ids.get(to)} [label=${quote(label)}]`)
  out.line('}')
}
