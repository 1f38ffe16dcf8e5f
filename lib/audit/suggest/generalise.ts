/** Paths that are another one the next time, as patterns. Each change is named, and can be undone. */
import { automaton } from '../../policy/aare.ts'
import type { World } from '../../policy/effective.ts'
import { Glob, patternText, type Pattern } from '../../policy/pattern.ts'

/** A kind of path that can be generalised. */
export type GeneralisationName =
  'proc' | 'home' | 'run' | 'user' | 'sys' | 'version' | 'temporary' | 'uuid' | 'hex'

/** One change of a path. */
export interface Generalisation {
  readonly name: GeneralisationName
  /** the part of the path that was replaced */
  readonly from: string
  /** the part of the pattern that replaced it */
  readonly to: string
}

export const GENERALISATIONS: readonly GeneralisationName[] = [
  ...(['proc', 'run', 'user', 'home', 'sys', 'version', 'uuid', 'hex', 'temporary'] as const),
]

interface Step {
  readonly name: GeneralisationName
  /** on the text of the pattern, where the path's own stars and braces have a backslash */
  readonly match: RegExp
  /** with variables, if the policy has them */
  readonly to: string
  /** without */
  readonly plain: string
  readonly variables: readonly string[]
}

const STEPS: readonly Step[] = [
  {
    name: 'proc',
    match: /^\/proc\/\d+\/task\/\d+(?=\/|$)/,
    to: '@{PROC}/@{pid}/task/@{tid}',
    plain: '/proc/[0-9]*/task/[0-9]*',
    variables: ['PROC', 'pid', 'tid'],
  },
  {
    name: 'proc',
    match: /^\/proc\/\d+(?=\/|$)/,
    to: '@{PROC}/@{pid}',
    plain: '/proc/[0-9]*',
    variables: ['PROC', 'pid'],
  },
  {
    name: 'user',
    match: /^\/(?:var\/)?run\/user\/\d+(?=\/|$)/,
    to: '@{run}/user/@{uid}',
    plain: '/{,var/}run/user/[0-9]*',
    variables: ['run', 'uid'],
  },
  {
    name: 'run',
    match: /^\/(?:var\/)?run(?=\/)/,
    to: '@{run}',
    plain: '/{,var/}run',
    variables: ['run'],
  },
  // Its values end with a slash: `@{HOME}/` is right all the same.
  {
    name: 'home',
    match: /^\/(?:home\/[^/]+|root)(?=\/)/,
    to: '@{HOME}',
    plain: '/{home/*,root}',
    variables: ['HOME'],
  },
  { name: 'sys', match: /^\/sys(?=\/)/, to: '@{sys}', plain: '/sys', variables: ['sys'] },
  {
    name: 'version',
    match: /(?<=\.so)\.\d[\d.]*$/,
    to: '.[0-9]*',
    plain: '.[0-9]*',
    variables: [],
  },
  {
    name: 'version',
    match: /(?<=^\/(?:usr\/)?lib\/modules\/)\d[^/]*(?=\/)/,
    to: '*',
    plain: '*',
    variables: [],
  },
  {
    name: 'version',
    match: /(?<=\/(?:python|perl|ruby|node|lua|php|gcc|tcl)\/?)\d+\.\d[\d.]*(?=\/|$)/,
    to: '[0-9]*',
    plain: '[0-9]*',
    variables: [],
  },
  // open(2) with O_TMPFILE
  { name: 'temporary', match: /(?<=\/#)\d+$/, to: '[0-9]*', plain: '[0-9]*', variables: [] },
]

export interface Generalised {
  readonly pattern: Pattern
  readonly steps: readonly Generalisation[]
}

/**
 * Makes a pattern of a path.
 *
 * @param wanted what may be generalised
 * @param world whose variables there are; without it, those of the tunables that come with AppArmor
 */
export function generalise(
  path: string,
  wanted: ReadonlySet<GeneralisationName>,
  world: World | undefined,
): Generalised {
  let text = patternText(path)
  const steps: Generalisation[] = []
  const change = (name: GeneralisationName, match: RegExp, to: string): void => {
    const [from] = match.exec(text) ?? []
    if (from === undefined || from === to) return
    text = text.replace(match, () => to)
    steps.push({ name, from, to })
  }
  for (const { name, match, to, plain, variables } of STEPS) {
    if (!wanted.has(name)) continue
    const known = !world || variables.every((one) => world.variables.has(one))
    change(name, match, known ? to : plain)
  }
  if (wanted.has('uuid')) for (const [match, to] of named(text, UUID)) change('uuid', match, to)
  if (wanted.has('hex')) {
    const isMixed = (name: string): boolean => /\d/.test(name) && /[a-f]/i.test(name)
    for (const [match, to] of named(text, HEX, isMixed)) change('hex', match, to)
  }
  if (wanted.has('temporary'))
    for (const [match, to] of temporary(text)) change('temporary', match, to)
  if (steps.length === 0) return { pattern: path, steps }
  return isFit(text, path, world)
    ? { pattern: new Glob(text), steps }
    : { pattern: path, steps: [] }
}

const UUID = /(?<=[/._-])[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?=[/._-]|$)/gi
// As long as numbers of 64 bits, MD5, what git calls a file, SHA-1, SHA-256 and SHA-512 are.
const HEX =
  /(?<=[/._-])(?:[\da-f]{128}|[\da-f]{64}|[\da-f]{40}|[\da-f]{38}|[\da-f]{32}|[\da-f]{16})(?=[/._-]|$)/gi

/** Names made of random digits, as patterns of their length. */
function* named(
  text: string,
  form: RegExp,
  isRandom: (name: string) => boolean = () => true,
): Generator<readonly [RegExp, string]> {
  for (const [name] of text.matchAll(form)) {
    if (isRandom(name)) yield [new RegExp(`(?<=[/._-])${name}`), name.replaceAll(/[^-]/g, '?')]
  }
}

// Where names without a digit may be random, too.
const TEMPORARY = /^(?:\/var)?\/tmp\/|^\/dev\/shm\/|^@\{run\}\/|^\/\{,var\/\}run\//

/** Names that mkstemp(3), Python's tempfile and their kin make, and process ids at the end of a name. */
function* temporary(text: string): Generator<readonly [RegExp, string]> {
  const anywhere = TEMPORARY.test(text)
  if (anywhere) yield [/(?<=\/tmp)(?=[a-z0-9_]*[\d_])[a-z0-9_]{8}(?=[/.]|$)/, '????????']
  for (const [name] of text.matchAll(/(?<=[/._-])[A-Za-z0-9]{6,16}(?=\.[a-z]{1,5}\/?$|\/|$)/g)) {
    if (!isRandom(name, anywhere)) continue
    yield [new RegExp(`(?<=[/._-])${name}(?=\\.[a-z]{1,5}/?$|/|$)`), '?'.repeat(name.length)]
  }
  // a time, as programs put it into the names of their logs
  yield [/(?<=[/._-])(?:19|20)\d\d-?[01]\d-?[0-3]\d[T_]\d[\d_:.]*(?:-\d[\d_:.]*)*Z?/, '[0-9]*']
  yield [/(?<=[^/][._-])\d{3,10}$/, '[0-9]*']
}

function isRandom(name: string, anywhere: boolean): boolean {
  const mixed = /[a-z]/.test(name) && /[A-Z]/.test(name.slice(1))
  return mixed && (anywhere || /\d/.test(name))
}

// Whether the pattern still matches the path; without the policy the variables' values are not known.
function isFit(text: string, path: string, world: World | undefined): boolean {
  const expanded = world ? world.expand(new Glob(text), '') : undefined
  if (expanded === undefined) return !world
  return automaton(expanded.replaceAll(/(?!^)\/{2,}/g, '/'))?.matches(path) ?? false
}
