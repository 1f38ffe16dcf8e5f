import { diff, format, locate, type Difference } from '../../policy/node.ts'
import { command, NO, type Command } from '../command.ts'
import { groupBy } from '../group.ts'
import { documentSchema, exactly, listOf } from '../json.ts'
import { BASE, BASE_OPTION, readPolicy } from '../read_policy.ts'
import { bold, dim, green, red } from '../screen.ts'

const DIFF: Command = command({
  name: 'diff',
  summary: 'Show what two policies permit differently',
  description: [
    'It compares rules, not lines. Order, layout and comments do not matter. Included files are compared, too. A ' +
      'rule that another rule covers is no difference. + marks what only NEW has, - what only OLD has.',
  ],
  operands: [
    { name: 'OLD', help: 'a file of policy; - for stdin', complete: 'file' },
    { name: 'NEW', help: 'a file of policy; - for stdin', complete: 'file' },
  ],
  options: { base: BASE_OPTION },
  examples: [
    { run: 'apparmor diff /etc/apparmor.d/web web.profile', what: 'what an update would change' },
    {
      run: 'git show HEAD:web.profile | apparmor diff - web.profile',
      what: 'since the last commit',
    },
  ],
  exits: { 0: 'they say the same', [NO]: 'they differ', 2: 'a file could not be read' },
  schema: documentSchema('diff', {
    differences: listOf(
      exactly({
        profile: { type: 'string' },
        change: { enum: ['added', 'removed'] },
        rule: { type: ['string', 'null'] },
        file: { type: ['string', 'null'] },
        line: { type: ['integer', 'null'] },
      }),
    ),
  }),
  async run({ operands: [before = '', after = ''], options: { base = BASE }, json, out, world }) {
    const found = diff(await readPolicy(before, base, world), await readPolicy(after, base, world))
    if (json) {
      const differences = found.map((one) => ({
        profile: one.profile,
        change: one.change,
        rule: textOf(one),
        ...placeOf(one),
      }))
      out.json({ version: 1, differences })
    }
    for (const [profile, list] of json ? [] : groupBy(found, (one) => one.profile)) {
      out.line(bold(profile))
      for (const one of list) {
        const { file, line } = placeOf(one)
        const sign = one.change === 'added' ? green('+ ') : red('- ')
        const text = textOf(one) ?? 'the whole profile'
        out.line('  ', sign, text, dim(line === null ? '' : `  ${file}:${line}`))
      }
    }
    return found.length > 0 ? NO : 0
  },
})
export default DIFF

const textOf = ({ rule }: Difference): string | null =>
  rule ? format(rule, { anew: true }).trim() : null

function placeOf({ rule }: Difference): { file: string | null; line: number | null } {
  const { file = null, line = null } = (rule && locate(rule)) ?? {}
  return { file, line }
}
