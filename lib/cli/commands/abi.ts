import { features, type FeatureTree } from '../../index.ts'
import { fs } from '../../border/node.ts'
import { command, DONE_OR_FAILED, type Command } from '../command.ts'
import { documentSchema } from '../json.ts'

const ABI: Command = command({
  name: 'abi',
  summary: 'Save the features of this kernel, for abi rules and for compiling elsewhere',
  description: ['The options of aa-features-abi work. An existing file is replaced as a whole.'],
  options: {
    extract: { type: 'boolean', short: 'x', help: 'from the kernel; the default' },
    file: { type: 'string', short: 'f', value: 'FILE', complete: 'file', help: 'from a saved set' },
    write: { type: 'string', short: 'w', value: 'FILE', complete: 'file', help: 'write it there' },
    stdout: { type: 'boolean', help: 'write it to stdout; the default' },
  },
  examples: [
    { run: 'apparmor abi -w my-kernel.abi', what: 'save it' },
    {
      run: 'apparmor compile web.profile --features my-kernel.abi -o web.bin',
      what: 'and use it on another machine',
    },
  ],
  exits: DONE_OR_FAILED,
  schema: documentSchema('abi', { text: { type: 'string' } }),
  async run({ options: { file, write }, json, out }) {
    const text = textOf(features(file))
    if (write !== undefined) fs.writeFileSync(write, text)
    if (json) out.json({ version: 1, text })
    else if (write === undefined) out.text(text)
  },
})
export default ABI

/** As libapparmor writes it. */
function textOf(tree: FeatureTree): string {
  return Object.entries(tree)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, value]) => `${name} {${typeof value === 'string' ? `${value}\n` : textOf(value)}}\n`,
    )
    .join('')
}
