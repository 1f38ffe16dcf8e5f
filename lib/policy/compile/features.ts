/** For which kernel is compiled, and for which ABI. */
import { AppArmorError } from '../../border/errors.ts'
import { fs, path } from '../../border/node.ts'
import { findMountpoint } from '../../inspect/availability.ts'
import type { FeatureTree } from '../../inspect/feature_tree.ts'
import { features } from '../../inspect/features.ts'
import { Environment, toVersion } from '../environment.ts'
import type { AbiRule } from '../rules/abi.ts'
import type { Policy } from '../rules/index.ts'
import type { Memory } from './memory.ts'
import type { ReadOptions } from './options.ts'
import { parserVersion } from './parser.ts'

/** The file with the features of the kernel to compile for; `null`: the running kernel's own. */
export function featuresFile({ features, base }: ReadOptions): string | null {
  if (features !== undefined) return features
  return kernelShowsFeatures() ? null : (newestFeatures(base) ?? null)
}

function kernelShowsFeatures(): boolean {
  try {
    return fs.existsSync(path.join(findMountpoint(), 'features'))
  } catch (error) {
    if (error instanceof AppArmorError) return false
    throw error
  }
}

// Debian pins a set of features; others have those of /etc/apparmor.d/abi, named by version.
function newestFeatures(base: string): string | undefined {
  const pinned = '/usr/share/apparmor-features/features'
  if (fs.existsSync(pinned)) return pinned
  const directory = path.join(base, 'abi')
  const files = fs.existsSync(directory) ? fs.readdirSync(directory) : []
  const versions = files.filter((file) => /^\d+(\.\d+)*$/.test(file))
  const newest = versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
  return newest === undefined ? undefined : path.join(directory, newest)
}

/** The parser that compiles a policy, and the features that count for it. */
export async function environmentOf(
  policy: Policy,
  options: ReadOptions,
  memory: Memory,
): Promise<Environment> {
  const version = toVersion(await parserVersion(options.parser))
  const kernel = memory.features('of the kernel', () => kernelFeatures(options))
  return new Environment(version, kernel, abiOf(policy, options, memory))
}

/** Those of the kernel that is compiled for; nothing where they are not known. */
export function kernelFeatures(options: ReadOptions): FeatureTree | undefined {
  const file = featuresFile(options)
  if (file !== null) return readFeatures(file)
  return kernelShowsFeatures() ? features() : undefined
}

function readFeatures(file: string): FeatureTree | undefined {
  try {
    return features(file)
  } catch (error) {
    // The compiler will say so.
    if (error instanceof AppArmorError) return undefined
    throw error
  }
}

/** As the parser: what overrides, the rule, what is pinned, what is built in. */
function abiOf(policy: Policy, options: ReadOptions, memory: Memory): FeatureTree | undefined {
  const { abi, base, include } = options
  const read = (file: string): FeatureTree | undefined =>
    memory.features(`in ${file}`, () => readFeatures(file))
  if (abi !== undefined) return read(abi)
  const rule = policy.rules.find((one): one is AbiRule => one.kind === 'abi')
  if (rule) {
    const places = rule.magic
      ? [...include, base].map((directory) => path.join(directory, rule.path))
      : [rule.path]
    const found = places.find((place) => fs.existsSync(place))
    return found === undefined ? undefined : read(found)
  }
  if (featuresFile(options) !== null) return undefined // it is for both
  const pinned = pinnedAbi(options.config)
  return pinned === undefined ? BUILT_IN : read(pinned)
}

function pinnedAbi(config: string | null): string | undefined {
  try {
    const text = config === null ? '' : fs.readFileSync(config, 'utf8')
    return /^\s*(?:policy|compile)-features\s*=\s*(\S+)/m.exec(text)?.[1]
  } catch {
    return undefined
  }
}

// What every version has for policy without an abi rule: a kernel before network_v8.
const BUILT_IN: FeatureTree = {
  capability: '0xffffff',
  dbus: { mask: 'acquire send receive' },
  domain: {
    change_hat: 'yes',
    change_onexec: 'yes',
    change_profile: 'yes',
    stack: 'yes',
    version: '1.2',
  },
  file: { mask: 'create read write exec append mmap_exec link lock' },
  mount: { mask: 'mount umount pivot_root' },
  network: { af_unix: 'yes' },
  ptrace: { mask: 'read trace' },
  rlimit: {
    mask: 'cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime',
  },
  signal: { mask: 'hup int quit ill trap abrt bus fpe kill usr1 segv usr2 pipe alrm term' },
}
