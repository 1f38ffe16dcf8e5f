import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { remove } from 'apparmor/policy'
import type { Test } from 'tap'

/** Where a command is used: under AppArmor as root or as nobody, or as root without AppArmor. */
export type Place = 'root' | 'nobody' | 'off'

/** One use of a command, which ends by itself. */
export interface Use {
  readonly argv: readonly [name: string, ...(readonly string[])]
  readonly status: Readonly<Record<Place, number>>
}

const NAME = 'apparmor-test-cli-use'

/** What those choose who want a terminal to obey: cleared, rung, coloured, turned. */
const HOSTILE = `${NAME} \x1bc\x07\x9b31m\u202e"`

/** A line that nobody but they have written. */
export const FORGED = 'forged: a line'

const LINES = `${HOSTILE}\n${FORGED}`

const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase()

const LOG =
  `audit: type=1400 audit(1795690704.769:1): apparmor="DENIED" operation="open" class="file" profile=${hex(HOSTILE)} ` +
  `name=${hex(`/srv/${LINES}`)} pid=234 comm=${hex(`a\n${FORGED}`)} requested_mask="r" denied_mask="r" fsuid=0 ouid=0\n`

const quoted = (name: string): string =>
  `"${name.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`

const policyText = (rules: string): string =>
  [HOSTILE, LINES]
    .map((name) => `profile ${quoted(name)} {\n  /{usr/,}{bin,lib}/** mrix,\n${rules}}\n`)
    .join('')

const everywhere = (status: number): Use['status'] => ({
  root: status,
  nobody: status,
  off: status,
})
const where = (root: number, nobody: number, off: number): Use['status'] => ({ root, nobody, off })

/** Uses of every command but `exec` and `watch`, for one after the other; what they leave is removed. */
export function everyUse(t: Test): readonly Use[] {
  const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  chmodSync(dir, 0o755)
  t.teardown(async () => {
    for (const profile of [HOSTILE, LINES]) await remove({ profile }).catch(() => {})
    rmSync(dir, { recursive: true })
  })
  const policies = join(dir, 'policy')
  mkdirSync(policies)
  const file = join(policies, `a\x1b[31m\n${FORGED}`)
  const [other, log, state] = [join(dir, 'other'), join(dir, 'log'), join(dir, 'state')]
  writeFileSync(file, policyText(''))
  writeFileSync(other, policyText('  /srv/\x1b[31m r,\n'))
  writeFileSync(log, LOG)
  const missing = join(dir, `missing\n${FORGED}`)
  return [
    { argv: ['new', 'minimal', NAME], status: everywhere(0) },
    { argv: ['new', 'minimal', LINES], status: everywhere(0) },
    { argv: ['check', file], status: everywhere(0) },
    { argv: ['check', missing], status: everywhere(2) },
    { argv: ['format', file], status: everywhere(0) },
    { argv: ['compile', file], status: everywhere(0) },
    { argv: ['diff', file, other], status: everywhere(1) },
    { argv: ['why', '-f', file, LINES, 'r', '/bin/\x1b[31m'], status: everywhere(0) },
    { argv: ['why', '-f', file, `no\n${FORGED}`, 'r', '/'], status: everywhere(2) },
    { argv: ['graph', file], status: everywhere(0) },
    { argv: ['log', '--file', log], status: everywhere(0) },
    { argv: ['suggest', '--print', '--file', log, file], status: everywhere(1) },
    { argv: ['report', '--file', log, '--base', policies], status: everywhere(0) },
    { argv: ['load', file], status: where(0, 2, 2) },
    { argv: ['replace', '--complain', file], status: where(0, 2, 2) },
    { argv: ['mode', 'enforce', HOSTILE], status: where(0, 2, 2) },
    {
      argv: ['sync', policies, '--owner', NAME, '--state', state, '--adopt', '--dry-run'],
      status: where(0, 0, 2),
    },
    { argv: ['status'], status: where(0, 0, 1) },
    { argv: ['ps', '--all'], status: where(0, 0, 2) },
    { argv: ['who', '/usr/bin/id', '--base', policies], status: everywhere(0) },
    { argv: ['features'], status: where(0, 0, 2) },
    { argv: ['abi'], status: where(0, 0, 2) },
    { argv: ['doctor'], status: where(0, 0, 1) },
    { argv: ['learn', '--', '/bin/true'], status: where(0, 2, 2) },
    { argv: ['demo'], status: where(0, 2, 2) },
    { argv: ['completion', 'bash'], status: everywhere(0) },
    { argv: ['remove', HOSTILE, LINES], status: where(0, 2, 2) },
  ]
}
