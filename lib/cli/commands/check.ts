import { check, type Diagnostic } from '../../policy/node.ts'
import { command, NO, type Command } from '../command.ts'
import {
  COMPILE_OPTIONS,
  compileOptions,
  diagnosticJson,
  DIAGNOSTICS,
  showDiagnostic,
} from '../compile_options.ts'
import { count } from '../group.ts'
import { documentSchema } from '../json.ts'
import { checkFile, readText } from '../read_policy.ts'
import { dim, green } from '../screen.ts'

const CHECK: Command = command({
  name: 'check',
  summary: 'Check a policy without loading it',
  description: [
    'It runs the compiler, and needs neither root nor a kernel with AppArmor. It also warns of rules that this ' +
      'kernel does not enforce.',
  ],
  operands: [
    { name: 'FILE', help: 'a file of policy; - for stdin', multiple: true, complete: 'file' },
  ],
  options: {
    ...COMPILE_OPTIONS,
    strict: { type: 'boolean', help: 'warnings count as errors' },
  },
  examples: [
    { run: 'apparmor check web.profile', what: 'errors and warnings, with file and line' },
    { run: 'apparmor check --strict policy/*', what: 'for CI: a warning fails, too' },
    {
      run: 'apparmor check --features /etc/apparmor.d/abi/3.0 web.profile',
      what: 'for the kernel of another machine',
    },
  ],
  exits: { 0: 'no errors', [NO]: 'there are errors', 2: 'it could not be checked' },
  schema: documentSchema('check', { ok: { type: 'boolean' }, diagnostics: DIAGNOSTICS }),
  async run({ operands, options, json, out, err, world }) {
    const all: { found: Diagnostic; named: string }[] = []
    for (const file of operands) {
      if (file !== '-') checkFile(file)
      const source = file === '-' ? await readText(file, world) : { file }
      const named = file === '-' ? 'stdin' : file
      for (const found of await check(source, compileOptions(options))) all.push({ found, named })
    }
    const errors = all.filter(({ found }) => options.strict || found.severity === 'error').length
    if (json) {
      const diagnostics = all.map(({ found, named }) =>
        diagnosticJson({ ...found, file: found.file ?? named }),
      )
      out.json({ version: 1, ok: errors === 0, diagnostics })
    } else {
      for (const { found, named } of all) showDiagnostic(found, named, out)
      const warnings = all.length - errors
      if (errors > 0 || warnings > 0) {
        err.line(dim(`${count(errors, 'error')}, ${count(warnings, 'warning')}`))
      } else err.line(green(`${count(operands.length, 'file')}: no errors`))
    }
    return errors > 0 ? NO : 0
  },
})
export default CHECK
