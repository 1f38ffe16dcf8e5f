import { file } from '../../../policy/make.ts'
import type { FileRecord } from '../../record.ts'
import { advice, rule, type Need } from '../need.ts'
import { listed, shown } from '../words.ts'

const DISCONNECTED = 'disconnected'

/** A rule for the path, with the letters that were missing. */
export function fromRecord(record: FileRecord): readonly Need[] {
  const { name, info = '' } = record
  const letters = lettersOf(record)
  if (name === undefined || letters === '') return []
  const needs: Need[] = []
  if (info.includes(DISCONNECTED)) needs.push({ kind: 'flag', flag: 'attach_disconnected' })
  else if (info.includes('deleted entry')) needs.push({ kind: 'flag', flag: 'mediate_deleted' })
  else if (info.includes('name too long')) {
    return [advice('The path is longer than 4096 bytes, and no rule can permit it.')]
  }
  const path = pathOf(record)
  if (path === undefined) return [advice(`${shown(name)} is no path, and no rule can permit it.`)]
  const owner = isOwner(record)
  // For root nearly every file is its own: `owner` would say less than it seems to.
  const options = owner && record.fsuid !== 0 ? { owner } : {}
  needs.push(rule(file(path, letters, options), { file: path, permissions: letters, owner }))
  return needs
}

/** The path that a rule has to match; a disconnected one gets its slash from the flag. */
export function pathOf({ name = '', info = '' }: FileRecord): string | undefined {
  if (name.startsWith('/')) return name
  return info.includes(DISCONNECTED) && name !== '' ? `/${name}` : undefined
}

export const isOwner = ({ fsuid, ouid }: { fsuid?: number; ouid?: number }): boolean =>
  fsuid !== undefined && fsuid === ouid

/** Letters of rules: what creates, deletes or changes a file is a `w` there. */
export function lettersOf({ deniedMask, requestedMask }: FileRecord): string {
  // old kernels: the owner's part, `::`, the others'
  const letters = (deniedMask ?? requestedMask ?? '').replaceAll(/[cd]/g, 'w')
  const found = Array.from('mrwalk').filter((letter) => letters.includes(letter))
  return found.filter((letter) => letter !== 'a' || !found.includes('w')).join('')
}

const WORDS: Readonly<Record<string, string>> = {
  r: 'read',
  w: 'write',
  a: 'append to',
  c: 'create',
  d: 'delete',
  k: 'lock',
  m: 'map as a program',
  l: 'link',
  x: 'execute',
}

export function describe(record: FileRecord): string {
  const { deniedMask, requestedMask = '', name = '', operation } = record
  const letters = Array.from(deniedMask ?? requestedMask)
  const words = letters.map((letter) => WORDS[letter] ?? letter)
  const how = operation === 'getattr' ? ['look at'] : words.length > 0 ? words : ['use']
  const what = name.endsWith('/') ? 'the directory' : 'the file'
  return `${listed(how)} ${what} ${shown(name)}`
}
