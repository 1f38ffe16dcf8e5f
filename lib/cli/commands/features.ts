import { compareFeatures, featureId, features, supports, type FeatureTree } from '../../index.ts'
import { command, NO, type Command } from '../command.ts'
import { documentSchema } from '../json.ts'
import { bold, cyan, dim, green, red, type Screen } from '../screen.ts'

const FEATURES: Command = command({
  name: 'features',
  summary: "Show what this kernel's AppArmor can do",
  operands: [
    {
      name: 'FEATURE',
      help: 'only tell whether the kernel has this one: domain/stack',
      optional: true,
    },
  ],
  options: {
    file: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      complete: 'file',
      help: 'a saved feature set, such as /etc/apparmor.d/abi/3.0, instead of the kernel',
    },
    compare: {
      type: 'string',
      short: 'c',
      value: 'FILE',
      complete: 'file',
      help: 'show what policy written for this set would lose',
    },
  },
  examples: [
    { run: 'apparmor features', what: 'the whole tree' },
    { run: 'apparmor features network_v8/af_inet', what: 'one of them, for a script' },
    {
      run: 'apparmor features --compare /etc/apparmor.d/abi/3.0',
      what: 'which rules are not enforced here?',
    },
  ],
  exits: {
    0: 'shown, or the feature is there',
    [NO]: 'the feature is not there',
    2: 'it could not be found out',
  },
  schema: documentSchema('features', {
    features: { type: ['object', 'null'] },
    id: { type: ['string', 'null'] },
    supported: { type: ['boolean', 'null'] },
    lost: { type: ['array', 'null'], items: { type: 'string' } },
    gained: { type: ['array', 'null'], items: { type: 'string' } },
  }),
  async run({ operands: [feature], options: { file, compare }, json, out }) {
    const tree = features(file)
    if (feature !== undefined) {
      const supported = supports(feature, tree)
      if (json)
        out.json({ version: 1, features: null, id: null, supported, lost: null, gained: null })
      else out.line(`${feature}: `, supported ? green('yes') : red('no'))
      return supported ? 0 : NO
    }
    if (compare !== undefined) {
      const { lost, gained } = compareFeatures(features(compare), tree)
      if (json) out.json({ version: 1, features: null, id: null, supported: null, lost, gained })
      for (const path of json ? [] : lost) out.line(red('- '), path)
      for (const path of json ? [] : gained) out.line(green('+ '), path)
      return 0
    }
    const id = featureId(file)
    if (json)
      out.json({ version: 1, features: tree, id, supported: null, lost: null, gained: null })
    else {
      show(tree, '', out)
      out.line(dim(`The policy cache for this is ${id}.0`))
    }
    return 0
  },
})
export default FEATURES

function show(tree: FeatureTree, indent: string, out: Screen): void {
  for (const [name, value] of Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (typeof value === 'string') out.line(`${indent}${name}  `, cyan(value))
    else {
      out.line(indent, bold(name))
      show(value, `${indent}  `, out)
    }
  }
}
