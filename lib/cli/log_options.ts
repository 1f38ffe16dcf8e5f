/** Which records of which log: options that several commands have. */
import type { RecordFilter } from '../audit/node.ts'
import { UsageError, type Text, type Texts } from './command.ts'

type LogFlags = { readonly file: Text; readonly profile: Texts; readonly since: Text }

export const LOG_OPTIONS: LogFlags = {
  file: {
    type: 'string',
    value: 'FILE',
    complete: 'file',
    help: 'a log in any usual format, also .gz; - for stdin; default: the log of this machine',
  },
  profile: {
    type: 'string',
    short: 'p',
    value: 'PROFILE',
    multiple: true,
    complete: 'profile',
    help: 'only of this profile; may be repeated',
  },
  since: {
    type: 'string',
    short: 's',
    value: 'TIME',
    help: 'only records since then: 10m, 2h, 3d, or a date such as 2026-11-27T08:00',
  },
}

export const filterOf = ({
  profile,
  since,
}: {
  readonly profile?: readonly string[]
  readonly since?: string
}): RecordFilter => ({
  ...(profile && { profile }),
  ...(since !== undefined && { since: readTime(since) }),
})

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function readTime(text: string): Date {
  const [, number, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  const time =
    number === undefined
      ? new Date(text)
      : new Date(Date.now() - Number(number) * (UNITS[unit] as number))
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`'${text}' is no time: 10m, 2h, 3d, or 2026-11-27T08:00`)
  return time
}
