import { compile } from '../../policy/node.ts'
import { fs } from '../../border/node.ts'
import { command, DONE_OR_FAILED, UsageError, type Command } from '../command.ts'
import {
  compileOptions,
  diagnosticJson,
  DIAGNOSTICS,
  LOAD_OPTIONS,
  showDiagnostic,
} from '../compile_options.ts'
import { count } from '../group.ts'
import { documentSchema, exactly, listOf } from '../json.ts'
import { labelOf } from '../put.ts'
import { checkFile, readText } from '../read_policy.ts'

const COMPILE: Command = command({
  name: 'compile',
  summary: 'Compile policy into the binary form that the kernel loads',
  description: [
    'It needs neither root nor a kernel with AppArmor. apparmor load takes the result.',
  ],
  operands: [{ name: 'FILE', help: 'a file of policy; - for stdin', complete: 'file' }],
  options: {
    ...LOAD_OPTIONS,
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      complete: 'file',
      help: 'the file to write',
    },
  },
  examples: [
    { run: 'apparmor compile web.profile -o web.bin', what: 'for this kernel' },
    {
      run: 'apparmor compile web.profile --features /etc/apparmor.d/abi/3.0 -o web.bin',
      what: 'for another one',
    },
    { run: 'apparmor compile web.profile', what: 'only list the profiles' },
  ],
  exits: DONE_OR_FAILED,
  schema: documentSchema('compile', {
    profiles: listOf(
      exactly({ namespace: { type: ['string', 'null'] }, name: { type: 'string' } }),
    ),
    bytes: { type: 'integer' },
    output: { type: ['string', 'null'] },
    diagnostics: DIAGNOSTICS,
  }),
  async run({ operands: [file = ''], options, json, out, err, world }) {
    const { output = null, ...rest } = options
    if (output === '') throw new UsageError('--output is empty')
    if (file !== '-') checkFile(file)
    const source = file === '-' ? await readText(file, world) : { file }
    const { binary, profiles, diagnostics } = await compile(source, compileOptions(rest))
    if (output !== null) fs.writeFileSync(output, binary)
    if (json) {
      out.json({
        version: 1,
        profiles,
        bytes: binary.length,
        output,
        diagnostics: diagnostics.map(diagnosticJson),
      })
      return
    }
    for (const found of diagnostics) showDiagnostic(found, file, err)
    for (const profile of profiles) out.line(labelOf(profile))
    if (output !== null)
      err.line(`${output}: ${count(profiles.length, 'profile')}, ${count(binary.length, 'byte')}`)
  },
})
export default COMPILE
