/** Goes through suggestions with a person. Nothing is written here. */
import { exact, type RuleSuggestion, type Suggestion } from '../audit/node.ts'
import { format, parseProfile, type AccessRule } from '../policy/node.ts'
import { editText, type Ask } from './ask.ts'
import type { World } from './command.ts'
import { bold, dim, red, type Screen } from './screen.ts'
import { patternsOf, showSuggestion } from './suggestion.ts'

type Verdict = readonly Suggestion[] // what is taken of one suggestion; none: left out

const KEYS: readonly (readonly [key: string, word: string])[] = [
  ['a', 'allow'],
  ['i', 'ignore'],
  ['e', 'edit'],
  ['x', 'exact paths'],
  ['c', 'choose how it is started'],
  ['u', 'undo'],
  ['f', 'finish'],
  ['q', 'quit'],
]

/**
 * @returns those that the person agrees with; `null` when everything is to stay as it is
 */
export async function discuss(
  suggestions: readonly Suggestion[],
  { ask, out, world }: { readonly ask: Ask; readonly out: Screen; readonly world: World },
): Promise<readonly Suggestion[] | null> {
  const asked = suggestions.filter(({ kind }) => kind !== 'advice')
  for (const one of suggestions) if (one.kind === 'advice') showSuggestion(one, out)
  const verdicts: Verdict[] = []
  let current: readonly Suggestion[] | undefined
  while (verdicts.length < asked.length) {
    const original = asked[verdicts.length] as Suggestion
    current ??= [original]
    out.line()
    out.line(bold(`[${verdicts.length + 1}/${asked.length}] profile ${original.profile}`))
    for (const one of current) showSuggestion(one, out)
    const changed = current[0] !== original
    const keys = keysFor(current, verdicts.length > 0 || changed)
    out.line(dim(keys.map(([key, word]) => `(${key}) ${word}`).join('  ')))
    const answer = await ask('>')
    if (answer === null) return null
    const [key] = keys.find((names) => names.includes(answer.toLowerCase())) ?? []
    if (key === undefined) {
      out.line(red(`'${answer}' is none of them`))
      continue
    }
    if (key === 'q') return null
    if (key === 'f') break
    if (key === 'a' || key === 'i') {
      verdicts.push(key === 'a' ? current : [])
      current = undefined
    } else if (key === 'u') {
      if (!changed) verdicts.pop()
      current = undefined
    } else if (key === 'x')
      current = current.flatMap((one): readonly Suggestion[] =>
        one.kind === 'rule' ? exact(one) : [one],
      )
    else if (key === 'c') current = await choose(current, ask, out)
    else current = edited(current, out, world)
  }
  return verdicts.flat()
}

function keysFor(
  current: readonly Suggestion[],
  undoable: boolean,
): readonly (readonly [key: string, word: string])[] {
  const useful: Readonly<Record<string, boolean>> = {
    e: current.every(({ kind }) => kind === 'rule'),
    x: current.some((one) => patternsOf(one).length > 0),
    c: current.length === 1 && choicesOf(current[0]).length > 1,
    u: undoable,
  }
  return KEYS.filter(([key]) => useful[key] !== false)
}

const choicesOf = (one: Suggestion | undefined) => (one?.kind === 'rule' && one.choices) || []

async function choose(
  [one]: readonly Suggestion[],
  ask: Ask,
  out: Screen,
): Promise<readonly Suggestion[]> {
  const rule = one as RuleSuggestion
  const choices = choicesOf(one)
  for (const [i, choice] of choices.entries()) {
    out.line(bold(`  ${i + 1}  ${format(choice.rule, { anew: true }).trimEnd()}`))
    out.paragraph(choice.consequence, '     ')
  }
  const chosen = choices[Number(await ask('which?')) - 1]
  if (!chosen) return [rule]
  const text = format(chosen.rule, { anew: true }).trimEnd()
  return [{ ...rule, rule: chosen.rule, text, dangers: chosen.dangers }]
}

function edited(current: readonly Suggestion[], out: Screen, world: World): readonly Suggestion[] {
  const [first] = current as readonly RuleSuggestion[]
  if (!first) return current
  const text = editText(`${current.map((one) => one.text).join('\n')}\n`, world)
  try {
    return rulesOf(text).map((rule) => ({
      ...first,
      rule,
      text: format(rule, { anew: true }).trimEnd(),
      generalisations: [],
      exact: [rule],
    }))
  } catch (error) {
    out.line(red((error as Error).message))
    return current
  }
}

/** The text is what a person has written: rules of one profile, and nothing that ends it. */
function rulesOf(text: string): readonly AccessRule[] {
  const { rules } = parseProfile(`profile edited {\n${text}\n}\n`, { file: 'the rules' })
  const [profile] = rules
  if (rules.length !== 1 || profile?.kind !== 'profile') throw new Error('these are not only rules')
  // A copy forgets how it was laid out: it is written as its new neighbours are.
  return profile.rules
    .filter((rule): rule is AccessRule => rule.kind !== 'comment' && rule.kind !== 'blank')
    .map((rule) => ({ ...rule }))
}
