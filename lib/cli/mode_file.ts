/** Writes the mode of a profile where it is defined. Rests on apparmor.d(5), and on what aa-complain(8) leaves. */
import { fs, path } from '../border/node.ts'
import { edit, format, type Policy } from '../policy/node.ts'
import { Refusal, type World } from './command.ts'
import { findProfile } from './find_profile.ts'
import { parse, readText, writeText } from './read_policy.ts'

interface How {
  readonly base: string
  readonly children: boolean
  readonly world: World
}

/** @returns the files that were changed or made */
export async function writeMode(
  mode: string,
  names: readonly string[],
  how: How,
): Promise<readonly string[]> {
  const { base, world } = how
  const changed: string[] = []
  for (const name of names) {
    const { file } = await findProfile(name, { files: [], base, world })
    if (mode === 'disable') {
      changed.push(...disable(file, base))
      continue
    }
    const link = path.join(base, 'disable', path.basename(file))
    if (isLink(link)) {
      fs.unlinkSync(link)
      changed.push(link)
    }
    // Read again: an earlier name of these may be in the same file.
    const before = await readText(file, world)
    const after = format(withMode(parse(before, file, base), mode, name, how))
    if (after === before) continue
    writeText(file, after)
    changed.push(file)
  }
  return changed
}

function disable(file: string, base: string): readonly string[] {
  const directory = path.join(base, 'disable')
  const link = path.join(directory, path.basename(file))
  if (isLink(link)) return []
  fs.mkdirSync(directory, { recursive: true })
  fs.symlinkSync(file, link)
  return [link]
}

const isLink = (file: string): boolean =>
  fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true

const MODES: ReadonlySet<string> = new Set([
  'enforce',
  'complain',
  'kill',
  'unconfined',
  'prompt',
  'default_allow',
])

function withMode(policy: Policy, mode: string, wanted: string, { children }: How): Policy {
  let found = false
  const edited = edit(policy, (rule, parents) => {
    if (rule.kind !== 'profile' && rule.kind !== 'hat') return undefined
    const name = [...parents, rule]
      .flatMap((one) => (one.kind === 'profile' || one.kind === 'hat' ? [String(one.name)] : []))
      .join('//')
    if (name !== wanted && !(children && name.startsWith(`${wanted}//`))) return undefined
    found = true
    const { flags = [], ...rest } = rule
    const others = flags.filter((flag) => !MODES.has(flag))
    const wantedFlags = mode === 'enforce' ? others : [...others, mode]
    if (String(wantedFlags) === String(flags)) return undefined
    return wantedFlags.length === 0 ? rest : { ...rest, flags: wantedFlags }
  })
  // In a namespace, say, or by an include.
  if (!found) throw new Refusal(`The flags of '${wanted}' could not be found in its file`)
  return edited
}
