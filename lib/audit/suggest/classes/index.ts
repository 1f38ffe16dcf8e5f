/** Which file knows which class of records. */
import type { Pattern } from '../../../policy/pattern.ts'
import type { AuditRecord } from '../../record.ts'
import type { Need } from '../need.ts'
import { shown } from '../words.ts'
import * as cap from './cap.ts'
import * as change_hat from './change_hat.ts'
import * as change_profile from './change_profile.ts'
import * as dbus from './dbus.ts'
import * as exec from './exec.ts'
import * as file from './file.ts'
import * as io_uring from './io_uring.ts'
import * as link from './link.ts'
import * as mount from './mount.ts'
import * as mqueue from './mqueue.ts'
import * as net from './net.ts'
import * as ptrace from './ptrace.ts'
import * as rlimit from './rlimit.ts'
import * as signal from './signal.ts'
import * as unix from './unix.ts'
import * as userns from './userns.ts'

interface Kind {
  /** @param peerOf the label of the other side, as a rule has it */
  fromRecord(
    record: AuditRecord,
    peerOf: (label: string | undefined) => Pattern | undefined,
  ): readonly Need[]
  /** what the process wanted to do, in the infinitive */
  describe(record: AuditRecord): string
}

const kinds = {
  cap,
  change_hat,
  change_profile,
  dbus,
  exec,
  file,
  io_uring,
  link,
  mount,
  mqueue,
  net,
  ptrace,
  rlimit,
  signal,
  unix,
  userns,
} as unknown as Readonly<Record<string, Kind>>

const kindOf = ({ class: name, operation }: AuditRecord): Kind | undefined =>
  kinds[name === 'file' && operation === 'link' ? 'link' : name]

/** What a record asks for; nothing for those that no rule answers. */
export const needsOf: Kind['fromRecord'] = (record, peerOf) =>
  kindOf(record)?.fromRecord(record, peerOf) ?? []

/** What was to be done, in words. */
export const describe: Kind['describe'] = (record) =>
  kindOf(record)?.describe(record) ?? `do "${shown(record.operation ?? record.class)}"`
