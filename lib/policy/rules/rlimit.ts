import type { Reader } from '../reader.ts'

/** A resource limit of setrlimit(2): `set rlimit nofile <= 1024,`. */
export interface RlimitRule {
  readonly kind: 'rlimit'
  readonly limit: Limit
  /** a number with its unit, as written (`'4 MB'`), or `'infinity'` */
  readonly value: string
}

export type Limit = (typeof LIMITS)[number]

export const LIMITS = [
  'cpu',
  'fsize',
  'data',
  'stack',
  'core',
  'rss',
  'nofile',
  'ofile',
  'as',
  'nproc',
  'memlock',
  'locks',
  'sigpending',
  'msgqueue',
  'nice',
  'rtprio',
  'rttime',
] as const

/** Reads what follows `set`. */
export function parseRlimit(reader: Reader): RlimitRule {
  reader.space()
  if (reader.match(WORD) === undefined) reader.expected("'rlimit'")
  reader.white()
  const at = reader.pos
  const limit = reader.match(NAME)
  if (limit === undefined) reader.expected('a limit')
  if (!(LIMITS as readonly string[]).includes(limit)) reader.fail(`no limit '${limit}'`, at)
  reader.white()
  if (!reader.take('<=')) reader.expected("'<='")
  reader.white()
  const value = reader.match(VALUE) ?? reader.expected('a number')
  reader.white()
  const unit = reader.match(NAME)
  reader.white()
  reader.endRule()
  const rule: RlimitRule = {
    kind: 'rlimit',
    limit: limit as Limit,
    value: unit === undefined ? value : `${value} ${unit}`,
  }
  const problem = problemOfRlimit(rule)
  if (problem) reader.fail(problem, at)
  return rule
}

const WORD = /rlimit(?=\s)/y
const NAME = /[A-Za-z_]+/y
const VALUE = /-?[0-9]+|infinity/y

const SIZES: readonly string[] = [
  'fsize',
  'data',
  'stack',
  'core',
  'rss',
  'as',
  'memlock',
  'msgqueue',
]
const SIZE_UNITS: readonly string[] = ['', 'K', 'KB', 'M', 'MB', 'G', 'GB']
// In microseconds. apparmor_parser takes each by its whole name, its plural, or a beginning that is known.
const TIME_UNITS: readonly (readonly [names: string, factor: number])[] = [
  ['us microsecond microseconds', 1],
  ['ms millisecond milliseconds', 1e3],
  ['s sec second seconds', 1e6],
  ['min minute minutes', 60e6],
  ['h hour hours', 3600e6],
  ['d day days', 86400e6],
  ['week weeks', 604800e6],
]

/** Why a limit cannot have this value. */
export function problemOfRlimit({ limit, value }: RlimitRule): string | undefined {
  if (value === 'infinity') return undefined
  const [, digits, unit = ''] = /^(-?[0-9]+)(?: ?([A-Za-z_]+))?$/.exec(value) ?? []
  if (digits === undefined) return `no value '${value}' of a limit`
  const number = Number(digits)
  if (limit === 'nice') {
    return unit === '' && number >= -20 && number <= 19 ? undefined : "'nice' is -20 to 19"
  }
  if (number < 0) return `'${limit}' must not be negative`
  if (limit === 'cpu' || limit === 'rttime') return problemOfTime(limit, number, unit)
  const units = SIZES.includes(limit) ? SIZE_UNITS : ['']
  return units.includes(unit) ? undefined : `no unit '${unit}' of '${limit}'`
}

function problemOfTime(limit: Limit, number: number, unit: string): string | undefined {
  const base = limit === 'cpu' ? 1e6 : 1
  const factor =
    unit === '' ? base : TIME_UNITS.find(([names]) => names.split(' ').includes(unit))?.[1]
  if (factor === undefined) return `no unit '${unit}' of '${limit}'`
  return number * factor < base ? `'${limit}' must be at least one second` : undefined
}

export const formatRlimit = (rule: RlimitRule): string =>
  `set rlimit ${rule.limit} <= ${rule.value},`
