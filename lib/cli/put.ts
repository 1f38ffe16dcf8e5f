/** What load and replace have in common. */
import { load, replace, type LoadReport } from '../policy/node.ts'
import { command, DONE_OR_FAILED, type Command } from './command.ts'
import {
  compileOptions,
  diagnosticJson,
  DIAGNOSTICS,
  LOAD_OPTIONS,
  showDiagnostic,
  sourceOf,
} from './compile_options.ts'
import { documentSchema, exactly, listOf } from './json.ts'
import { green } from './screen.ts'

export const labelOf = ({ namespace, name }: { namespace: string | null; name: string }): string =>
  namespace === null ? name : `:${namespace}://${name}`

export function putCommand(
  name: 'load' | 'replace',
  summary: string,
  description: readonly string[],
): Command {
  const [put, done] = name === 'load' ? [load, 'loaded'] : [replace, 'replaced']
  return command({
    name,
    summary,
    description: [
      ...description,
      'A file holds policy text, or compiled policy. The kernel takes all profiles of a file, or none. ' +
        'It needs root.',
    ],
    operands: [
      {
        name: 'FILE',
        help: 'a file of policy or of compiled policy; - for stdin',
        multiple: true,
        complete: 'file',
      },
    ],
    options: LOAD_OPTIONS,
    examples: [
      { run: `sudo apparmor ${name} web.profile`, what: 'compiles and loads it' },
      {
        run: `sudo apparmor ${name} --complain web.profile`,
        what: 'in complain mode: log, and permit',
      },
      { run: `sudo apparmor ${name} -n guests web.profile`, what: 'into a policy namespace' },
    ],
    exits: DONE_OR_FAILED,
    schema: documentSchema(name, {
      profiles: listOf(
        exactly({ namespace: { type: ['string', 'null'] }, name: { type: 'string' } }),
      ),
      diagnostics: DIAGNOSTICS,
    }),
    async run({ operands, options, json, out, err, world }) {
      const reports: LoadReport[] = []
      for (const file of operands) {
        const source = await sourceOf(file, world)
        const report = await put(source, compileOptions(options))
        reports.push(report)
        if (json) continue
        for (const found of report.diagnostics) showDiagnostic(found, file, err)
        for (const profile of report.profiles) out.line(green(done), ' ', labelOf(profile))
      }
      if (json) {
        out.json({
          version: 1,
          profiles: reports.flatMap(({ profiles }) => profiles),
          diagnostics: reports.flatMap(({ diagnostics }) => diagnostics.map(diagnosticJson)),
        })
      }
    },
  })
}
