import { invalidArgValue } from '../../border/errors.ts'
import { BlobError, readBlob, type BlobRecord } from '../compile/blob.ts'
import { attempt, type CompiledPolicy } from '../compile/compile.ts'
import type { Diagnostic } from '../compile/diagnostic.ts'
import { PolicyCompileError } from '../compile/error.ts'
import type { ReadOptions } from '../compile/options.ts'
import type { Input } from '../compile/parser.ts'
import { readSource, type PolicySource } from '../compile/source.ts'

/** Policy to load: source text, which is compiled first; or the result of {@link compile}, or only its binary. */
export type LoadableSource = PolicySource | CompiledPolicy | Uint8Array

/** A policy's records, and the compiler's warnings. */
export interface Records {
  readonly records: readonly BlobRecord[]
  readonly diagnostics: readonly Diagnostic[]
  /** what was compiled; `null` for what had been before */
  readonly input: Input | null
}

/** Compiles, where that is to be done, and takes the binary apart. */
export async function readLoadable(source: LoadableSource, options: ReadOptions): Promise<Records> {
  const binary = binaryOf(source)
  if (binary) return { records: readBinary(binary), diagnostics: [], input: null }
  const input = readSource(source)
  const { compiled, diagnostics } = await attempt(input, options)
  if (compiled === null) throw new PolicyCompileError(diagnostics)
  return { records: readBlob(compiled.binary), diagnostics, input }
}

function binaryOf(source: LoadableSource): Uint8Array | undefined {
  if (source instanceof Uint8Array) return source
  if (typeof source !== 'object' || source === null || !Object.hasOwn(source, 'binary')) {
    return undefined
  }
  const { binary } = source as CompiledPolicy
  return binary instanceof Uint8Array ? binary : undefined
}

// A copy: the caller's bytes may change while the kernel is being asked.
function readBinary(binary: Uint8Array): readonly BlobRecord[] {
  try {
    return readBlob(Uint8Array.from(binary))
  } catch (error) {
    if (!(error instanceof BlobError)) throw error
    throw invalidArgValue('source', `must be binary policy: ${error.message}`, binary)
  }
}
