import { file, link } from '../../../policy/make.ts'
import type { FileRecord } from '../../record.ts'
import { rule, type Need } from '../need.ts'
import { shown } from '../words.ts'
import { isOwner, lettersOf } from './file.ts'

/** A rule for the pair; or for the target, where it has to permit what the link does. */
export function fromRecord(record: FileRecord): readonly Need[] {
  const { name, target, info = '' } = record
  if (!name?.startsWith('/') || !target?.startsWith('/')) return []
  const owner = isOwner(record)
  const options = owner && record.fsuid !== 0 ? { owner } : {}
  if (info.includes('not subset')) {
    const letters = lettersOf(record).replace('l', '')
    if (letters === '') return []
    return [rule(file(target, letters, options), { file: target, permissions: letters, owner })]
  }
  return [rule(link(name, target, options), { link: name, target, owner })]
}

export const describe = ({ name = '', target = '' }: FileRecord): string =>
  `make the hard link ${shown(name)} to ${shown(target)}`
