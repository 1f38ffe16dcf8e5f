/** What compiles and enforces a policy: a version of the parser, and a kernel's features. */
import type { FeatureTree } from '../inspect/feature_tree.ts'
import { invalidArgType, invalidArgValue } from '../border/invalid.ts'
import { readOptions, refuseUnknown } from '../border/options.ts'
import { isObject } from './check.ts'

/** The parser and the kernel that a policy is examined for. */
export interface EnvironmentOptions {
  /** the version of apparmor_parser: `'4.1.0'`; default: any version from 3.0 on */
  readonly parser?: string
  /** the features of the kernel, as `features()` of `apparmor` returns them */
  readonly features?: FeatureTree
  /** the features that the policy is compiled for, where an `abi` rule or a setting of the parser says so */
  readonly abi?: FeatureTree
}

export type Version = readonly [major: number, minor: number, patch: number]

export class Environment {
  /** `undefined`: it may be any */
  readonly parser: Version | undefined
  readonly #kernel: FeatureTree | undefined
  readonly #trees: readonly FeatureTree[]

  constructor(
    parser: Version | undefined,
    kernel: FeatureTree | undefined,
    abi: FeatureTree | undefined,
  ) {
    this.parser = parser
    this.#kernel = kernel
    this.#trees = [kernel, abi].filter((tree) => tree !== undefined)
  }

  /** Whether it is known what the kernel mediates. */
  get knowsFeatures(): boolean {
    return this.#trees.length > 0
  }

  /**
   * Whether a rule that needs this feature is compiled: kernel and ABI both have it. Where neither is known, `true`.
   *
   * @param path as `domain/stack`; or a word of a list: `caps/mask/bpf`
   */
  has(path: string): boolean {
    return this.#trees.every((tree) => hasFeature(tree, path.split('/')))
  }

  /** Whether the kernel has it, whatever the ABI says. Where that is not known, `true`. */
  kernelHas(path: string): boolean {
    return !this.#kernel || hasFeature(this.#kernel, path.split('/'))
  }

  hasAny(...paths: readonly string[]): boolean {
    return paths.some((path) => this.has(path))
  }

  /** Whether the parser is one of these versions, both ends included, or may be one. */
  isParser(from: string, to: string = '999.0.0'): boolean {
    if (this.parser === undefined) return true
    return compare(this.parser, version(from)) >= 0 && compare(this.parser, version(to)) <= 0
  }

  /** Whether the parser is surely older. */
  isOlder(than: string): boolean {
    return this.parser !== undefined && compare(this.parser, version(than)) < 0
  }
}

function hasFeature(tree: FeatureTree, path: readonly string[]): boolean {
  let found: FeatureTree | string = tree
  for (const [i, name] of path.entries()) {
    if (typeof found === 'string') return i === path.length - 1 && found.split(/\s+/).includes(name)
    if (!Object.hasOwn(found, name)) return false
    found = found[name] as FeatureTree | string
  }
  return found !== 'no'
}

const version = (text: string): Version => toVersion(text.split('.').map(Number))

/** A version of as many numbers as are known. */
export const toVersion = ([major = 0, minor = 0, patch = 0]: readonly number[]): Version => [
  major,
  minor,
  patch,
]

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

const NAMES = ['parser', 'features', 'abi'] as const

/** Checks and takes over what a caller's options say. */
export function readEnvironment(options: unknown): Environment {
  const { parser, features, abi } = readOptions<EnvironmentOptions>(options, NAMES)
  refuseUnknown(options, NAMES)
  const kernel = tree(features, 'options.features')
  const written = tree(abi, 'options.abi')
  return new Environment(readVersion(parser), kernel, written)
}

function tree(value: unknown, argument: string): FeatureTree | undefined {
  if (value !== undefined && !isObject(value))
    throw invalidArgType(argument, 'of type object', value)
  return value as FeatureTree | undefined
}

function readVersion(value: unknown): Version | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw invalidArgType('options.parser', 'of type string', value)
  const [numbers] = /^\d{1,6}\.\d{1,6}(?:\.\d{1,6})?(?![\d.])/.exec(value) ?? []
  if (numbers === undefined) {
    throw invalidArgValue('options.parser', "must be a version such as '4.1.0'", value)
  }
  return version(numbers)
}
