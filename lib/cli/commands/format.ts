import { createTwoFilesPatch } from 'diff'
import { format, parseProfile } from '../../policy/node.ts'
import { command, NO, UsageError, type Command } from '../command.ts'
import { documentSchema, exactly, listOf } from '../json.ts'
import { readText, writeText } from '../read_policy.ts'
import { showPatch } from '../patch.ts'

const FORMAT: Command = command({
  name: 'format',
  summary: 'Format policy in one style',
  description: [
    'It writes every line anew: indentation, blanks, order of permissions. Comments stay, and the meaning does ' +
      'not change. Without an option the result goes to stdout.',
  ],
  operands: [
    { name: 'FILE', help: 'a file of policy; - for stdin', multiple: true, complete: 'file' },
  ],
  options: {
    check: {
      type: 'boolean',
      short: 'c',
      help: 'only list the files that are formatted differently',
    },
    diff: { type: 'boolean', short: 'd', help: 'only show what would change' },
    write: { type: 'boolean', short: 'w', help: 'change the files' },
  },
  examples: [
    { run: 'apparmor format web.profile', what: 'to stdout' },
    { run: 'apparmor format --write policy/*', what: 'in place' },
    { run: 'apparmor format --check policy/*', what: 'for CI' },
  ],
  exits: {
    0: 'done; with --check or --diff: nothing would change',
    [NO]: 'something would change',
    2: 'a file could not be read',
  },
  schema: documentSchema('format', {
    files: listOf(
      exactly({ file: { type: 'string' }, changed: { type: 'boolean' }, text: { type: 'string' } }),
    ),
  }),
  async run({ operands, options: { check, diff, write }, json, out, world }) {
    if (write && operands.includes('-')) throw new UsageError('--write needs files: - is stdin')
    const files: { file: string; changed: boolean; text: string }[] = []
    // All are read before any is written.
    for (const file of operands) {
      const before = await readText(file, world)
      const text = format(parseProfile(before, { file }), { anew: true })
      files.push({ file, changed: text !== before, text })
      if (json) continue
      if (diff && text !== before) showPatch(createTwoFilesPatch(file, file, before, text), out)
      else if (check && text !== before) out.line(file)
      else if (!check && !diff && !write) out.text(text)
    }
    const changed = files.filter((one) => one.changed)
    if (write) for (const { file, text } of changed) writeText(file, text)
    if (json) out.json({ version: 1, files })
    else if (write && !check && !diff) for (const { file } of changed) out.line(file)
    return (check || diff) && !write && changed.length > 0 ? NO : 0
  },
})
export default FORMAT
