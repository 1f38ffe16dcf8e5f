import { checkLabel } from '../border/args.ts'
import { findMountpoint } from './availability.ts'
import { callNative } from '../border/call.ts'
import { AppArmorError, invalidArgType } from '../border/errors.ts'
import { fs, path as paths } from '../border/node.ts'
import type { FeatureTree } from './feature_tree.ts'

export type { FeatureTree } from './feature_tree.ts'

/** The result of {@link compareFeatures}: paths in the feature tree, followed by a word if the value is a list. */
export interface FeatureDifference {
  /** what rules written for the first set may need, and the second lacks */
  readonly lost: readonly string[]
  /** what only the second set has */
  readonly gained: readonly string[]
}

/**
 * Returns the features of the kernel's AppArmor, or those of a saved feature set.
 *
 * @param file a saved feature set, such as the one that `abi <abi/4.0>,` names: `'/etc/apparmor.d/abi/4.0'`;
 *   default: the running kernel's
 * @returns the tree below `features/` of the policy interface, frozen
 * @throws {@link AppArmorError} `ENOENT`, `EACCES`; `ERR_APPARMOR_FEATURES` when the file is not a feature set; the
 *   codes of {@link availability} without AppArmor
 * @example
 * ```js
 * import { features } from 'apparmor'
 * console.log(features().domain)
 * ```
 */
export function features(file?: string): FeatureTree {
  if (file !== undefined) checkLabel(file, 'file')
  const path = file ?? paths.join(findMountpoint(), 'features')
  try {
    return file === undefined ? readTree(path) : parseFeatures(fs.readFileSync(path, 'utf8'), path)
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException
    if (error instanceof AppArmorError || errno === undefined) throw error
    throw new AppArmorError({ errno, syscall: 'aa_features_new', path })
  }
}

/**
 * Tells whether the kernel, or a feature set, has a feature.
 *
 * @param feature a path in {@link features}, followed by a word if the value is a list:
 *   `'network_v8'`, `'domain/stack'`, `'file/mask/exec'`
 * @param tree default: the running kernel's
 * @returns `false` also when the feature's value is `no`
 * @throws {@link AppArmorError} as {@link features}; TypeError `ERR_INVALID_ARG_TYPE`,
 *   `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { supports } from 'apparmor'
 * supports('domain/stack')
 * ```
 */
export function supports(feature: string, tree?: FeatureTree): boolean {
  checkLabel(feature, 'feature')
  if (tree !== undefined) checkTree(tree, 'tree')
  let found: FeatureTree | string = tree ?? features()
  const path = feature.split('/')
  for (const [i, name] of path.entries()) {
    if (typeof found === 'string') return i === path.length - 1 && found.split(/\s+/).includes(name)
    if (!Object.hasOwn(found, name)) return false
    found = found[name] as FeatureTree | string
  }
  return found !== 'no'
}

/**
 * Returns the name that libapparmor gives to a feature set. The policy cache for it is in
 * `/var/cache/apparmor/<id>.0`.
 *
 * @param file a saved feature set; default: the running kernel's
 * @returns eight hexadecimal digits, as `apparmor_parser --print-cache-dir` has them
 * @throws {@link AppArmorError} as {@link features}
 * @example
 * ```js
 * import { featureId } from 'apparmor'
 * console.log(featureId()) // '8f1c9a2e'
 * ```
 */
export function featureId(file?: string): string {
  if (file !== undefined) checkLabel(file, 'file')
  return callNative((native) => native.featureId(file ?? ''))
}

/**
 * Tells what a profile written for one feature set loses under another. Rules of a kind that the other set does not
 * have are not enforced.
 *
 * @param written for example `features('/etc/apparmor.d/abi/4.0')`
 * @param running default: the running kernel's
 * @returns paths in {@link features}, as short as possible, followed by a word if the value is a list
 * @throws {@link AppArmorError} as {@link features}; TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * ```js
 * import { compareFeatures, features } from 'apparmor'
 * const { lost } = compareFeatures(features('/etc/apparmor.d/abi/3.0'))
 * if (lost.includes('dbus')) console.warn('dbus rules are not enforced by this kernel')
 * ```
 */
export function compareFeatures(written: FeatureTree, running?: FeatureTree): FeatureDifference {
  checkTree(written, 'written')
  if (running !== undefined) checkTree(running, 'running')
  const other = running ?? features()
  return { lost: missing(written, other), gained: missing(other, written) }
}

function readTree(directory: string): FeatureTree {
  const entries = fs.readdirSync(directory, { withFileTypes: true }).map((entry) => {
    const path = paths.join(directory, entry.name)
    const value = entry.isDirectory() ? readTree(path) : fs.readFileSync(path, 'utf8').trim()
    return [entry.name, value] as const
  })
  return Object.freeze(Object.fromEntries(entries))
}

/** Reads `name {value}`, `name {inner {value} …}`. */
export function parseFeatures(text: string, path: string): FeatureTree {
  const tokens = text.match(/[{}]|[^{}\s]+/g) ?? []
  let at = 0
  const refuse = (): never => {
    throw new AppArmorError({ code: 'ERR_APPARMOR_FEATURES', path })
  }
  const group = (depth: number): FeatureTree | string => {
    const words: string[] = []
    const entries: [string, FeatureTree | string][] = []
    for (; at < tokens.length && tokens[at] !== '}'; at++) {
      if (tokens[at] !== '{') {
        words.push(tokens[at] as string)
        continue
      }
      const name = words.pop() ?? refuse()
      if (words.length > 0) refuse()
      at++
      entries.push([name, group(depth + 1)])
    }
    if (at < tokens.length !== depth > 0 || (words.length > 0 && entries.length > 0)) refuse()
    if (entries.length === 0) return words.join(' ')
    return Object.freeze(Object.fromEntries(entries))
  }
  const tree = group(0)
  return typeof tree === 'string' ? refuse() : tree
}

/** What `from` has and `to` has not: the shortest paths that say it. */
function missing(from: FeatureTree, to: FeatureTree, prefix = ''): string[] {
  return Object.entries(from).flatMap(([name, value]) => {
    const path = prefix + name
    const other = Object.hasOwn(to, name) ? to[name] : undefined
    if (other === undefined || other === 'no') return value === 'no' ? [] : [path]
    if (typeof value !== 'string') {
      return typeof other === 'string' ? [path] : missing(value, other, `${path}/`)
    }
    if (typeof other !== 'string') return []
    return missingWords(value, other).map((word) => (word === value ? path : `${path}/${word}`))
  })
}

function missingWords(value: string, other: string): string[] {
  if (value === other || value === 'no') return []
  if (value.startsWith('0x') && other.startsWith('0x')) {
    return BigInt(value) & ~BigInt(other) ? [value] : []
  }
  if (/^[\d.]+$/.test(value) && /^[\d.]+$/.test(other)) {
    return value.localeCompare(other, 'en', { numeric: true }) > 0 ? [value] : []
  }
  const words = other.split(/\s+/)
  return value.split(/\s+/).filter((word) => word !== '' && !words.includes(word))
}

function checkTree(value: unknown, argument: string): void {
  if (typeof value !== 'object' || value === null) {
    throw invalidArgType(argument, 'of type object', value)
  }
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner !== 'string') checkTree(inner, `${argument}.${name}`)
  }
}
