/** One file's binary policy in a cache, and what it was compiled from. */
import { callNative } from '../../border/call.ts'
import { builtin, fs, path } from '../../border/node.ts'
import type { Diagnostic } from '../compile/diagnostic.ts'
import { featuresFile } from '../compile/features.ts'
import type { ReadOptions } from '../compile/options.ts'
import { refuseForeign } from './trust.ts'

/** What a compilation has made. */
export interface Kept {
  readonly binary: Uint8Array
  readonly diagnostics: readonly Diagnostic[]
}

interface Label {
  /** of all that the binary was compiled from, the compiler and its options */
  readonly source: string
  readonly sha256: string
  readonly diagnostics: readonly Diagnostic[]
}

/** The place for one file in a cache. */
export class Entry {
  readonly #binary: string
  /** beside it, with a dot, so that what loads the whole directory passes it over */
  readonly #label: string

  constructor(directory: string, name: string) {
    this.#binary = path.join(directory, name)
    this.#label = path.join(directory, `.${name}.json`)
  }

  /** What was made of the same source; nothing when that is not there or was damaged. */
  read(source: string): Kept | undefined {
    try {
      const label = JSON.parse(fs.readFileSync(this.#label, 'utf8')) as Label | null
      if (label?.source !== source) return undefined
      refuseForeign(this.#label)
      refuseForeign(this.#binary)
      const binary = fs.readFileSync(this.#binary)
      return hashOf(binary) === label.sha256
        ? { binary, diagnostics: label.diagnostics }
        : undefined
    } catch (error) {
      const code = (error as { code?: string }).code ?? ''
      if (error instanceof SyntaxError || code === 'ENOENT') return undefined
      throw error
    }
  }

  write(source: string, { binary, diagnostics }: Kept): void {
    const label: Label = { source, sha256: hashOf(binary), diagnostics }
    replaceFile(this.#binary, binary)
    replaceFile(this.#label, JSON.stringify(label))
  }
}

const hashOf = (bytes: Uint8Array): string =>
  builtin('node:crypto').createHash('sha256').update(bytes).digest('hex')

// Whole, or as it was.
function replaceFile(file: string, content: Uint8Array | string): void {
  const { dir, base } = path.parse(file)
  const temporary = path.join(dir, `.${base}.${process.pid}.tmp`)
  try {
    fs.writeFileSync(temporary, content, { mode: 0o600, flag: 'w' })
    fs.renameSync(temporary, file)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
}

/** The directory of a cache for the features that are compiled for; it is made where it is not there. */
export function openCache(directory: string, options: ReadOptions): string {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 })
  const real = refuseForeign(directory)
  const features = featuresFile(options) ?? ''
  return refuseForeign(callNative((native) => native.policyCacheDirectory(real, features, true)))
}
