/** What many files of policy have in common, read once: the files that they include, and sets of features. */
import type { FeatureTree } from '../../inspect/feature_tree.ts'
import type { Fragments, Resolve } from '../parse.ts'
import { resolveIn } from './resolve.ts'

/**
 * Serves one look at a directory, during which what it has read counts as unchanged: whoever keeps one finds out by
 * other means whether that is so.
 */
export class Memory {
  readonly fragments: Fragments = new Map()
  readonly resolve: Resolve
  readonly #trees = new Map<string, FeatureTree | undefined>()

  /** @param search the directories for `<path>`, the base directory last */
  constructor(search: readonly string[]) {
    this.resolve = remember(resolveIn(search))
  }

  /** The features of that name, read at the first time. */
  features(name: string, read: () => FeatureTree | undefined): FeatureTree | undefined {
    if (!this.#trees.has(name)) this.#trees.set(name, read())
    return this.#trees.get(name)
  }
}

function remember(resolve: Resolve): Resolve {
  const known = new Map<string, ReturnType<Resolve>>()
  return (include, from) => {
    const key = `${include.magic === true}:${include.path}`
    if (!known.has(key)) known.set(key, resolve(include, from))
    return known.get(key)
  }
}
