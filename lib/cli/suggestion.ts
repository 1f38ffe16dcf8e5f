/** Suggestions, as people and programs read them. */
import type { ExecChoice, Generalisation, SuggestOptions, Suggestion } from '../audit/node.ts'
import { resolveIncludes } from '../policy/node.ts'
import type { Flag, Schema, Text, Texts } from './command.ts'
import { UsageError } from './command.ts'
import { count, groupBy } from './group.ts'
import { exactly, listOf } from './json.ts'
import { act } from './record.ts'
import { bold, cyan, dim, type Screen } from './screen.ts'

const MODES = ['ix', 'px', 'Px', 'cx', 'Cx', 'ux', 'Ux', 'pix', 'Pix', 'cix', 'Cix', 'pux', 'PUx']

type SuggestFlags = { readonly exec: Text; readonly exact: Flag; readonly abstraction: Texts }

export const SUGGEST_OPTIONS: SuggestFlags = {
  exec: {
    type: 'string',
    short: 'x',
    value: 'MODE',
    choices: MODES,
    help: 'how programs are started: ix under the same profile (the default), px, cx, ux, …',
  },
  exact: {
    type: 'boolean',
    help: 'use the paths in the log as they are, without patterns for numbers, temporary names and the like',
  },
  abstraction: {
    type: 'string',
    value: 'NAME',
    multiple: true,
    help: 'an abstraction that may be suggested, such as nameservice; may be repeated',
  },
}

export function suggestOptions(
  {
    exec,
    exact,
    abstraction = [],
  }: { readonly exec?: string; readonly exact?: boolean; readonly abstraction?: readonly string[] },
  base: string,
): SuggestOptions {
  const names = abstraction.map((name) => (name.includes('/') ? name : `abstractions/${name}`))
  const resolve = resolveIncludes({ base })
  for (const name of names) {
    if (resolve({ kind: 'include', path: name, magic: true }, undefined) === null)
      throw new UsageError(`there is no abstraction ${name} in ${base}`)
  }
  return {
    generalise: !exact,
    resolve,
    abstractions: names,
    ...(exec !== undefined && { exec: exec as ExecChoice }),
  }
}

export const SUGGESTION: Schema = exactly({
  profile: { type: 'string' },
  file: { type: ['string', 'null'] },
  kind: { enum: ['rule', 'include', 'profile', 'hat', 'flag', 'advice'] },
  text: { type: 'string' },
  records: { type: 'integer' },
  dangers: listOf(exactly({ name: { type: 'string' }, text: { type: 'string' } })),
  patterns: listOf(
    exactly({ name: { type: 'string' }, from: { type: 'string' }, to: { type: 'string' } }),
  ),
  exact: listOf({ type: 'string' }),
})

export const patternsOf = (one: Suggestion): readonly Generalisation[] =>
  one.kind === 'rule' ? one.generalisations : []

/** One suggestion, with all that one has to know before one agrees. */
export function showSuggestion(one: Suggestion, out: Screen): void {
  const { kind, text, records, dangers } = one
  if (kind === 'advice') {
    out.paragraph(text, '  ')
    return
  }
  const said = kind === 'flag' ? `flags=(${text})` : text
  out.line('  ', cyan(said), dim(`   # ${count(records.length, 'record')}`))
  const acts = Array.from(new Set(records.map(act)))
  for (const line of acts.slice(0, ACTS)) out.line(dim(`      ${line}`))
  if (acts.length > ACTS) out.line(dim(`      and ${acts.length - ACTS} more`))
  for (const { from, to } of patternsOf(one)) out.line(dim('      pattern: '), `${from} → ${to}`)
  for (const danger of dangers) {
    out.paragraph(`danger, ${danger.name}: ${danger.text}`, '      ')
  }
}

const ACTS = 3

export function showSuggestions(found: readonly Suggestion[], out: Screen): void {
  for (const [profile, own] of groupBy(found, (one) => one.profile)) {
    out.line(bold(`profile ${profile}`))
    for (const one of own) showSuggestion(one, out)
    out.line()
  }
}
