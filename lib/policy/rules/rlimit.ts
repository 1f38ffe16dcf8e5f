/** A limit of setrlimit(2): `set rlimit nofile <= 1024,`. */
export interface RlimitRule {
  readonly kind: 'rlimit'
  readonly limit: Limit
  /** a number with its unit, as it is written (`'4 MB'`), or `'infinity'` */
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
