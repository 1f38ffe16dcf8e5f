import { checkText } from '../../border/args.ts'
import { invalidArgType, invalidArgValue } from '../../border/errors.ts'
import { path, url } from '../../border/node.ts'
import { readOptions } from '../../border/options.ts'
import type { Input } from './parser.ts'

/**
 * Policy to be compiled: text in AppArmor's policy language, or `{ file }`, the path of a file that holds such
 * text.
 */
export type PolicySource = string | { readonly file: string | URL }

/** Reads a source; the path of a file is made absolute. */
export function readSource(source: unknown): Input {
  if (typeof source === 'string') {
    checkText(source, 'source')
    return { text: source }
  }
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw invalidArgType('source', 'of type string or an object with a file', source)
  }
  const { file } = readOptions<{ file: unknown }>(source, ['file'], 'source')
  return { file: readPath(file, 'source.file') }
}

/** The absolute path that a string or a URL is. */
export function readPath(value: unknown, argument: string): string {
  const file = value instanceof URL ? url.fileURLToPath(value) : value
  if (typeof file !== 'string') throw invalidArgType(argument, 'of type string or a URL', value)
  checkText(file, argument)
  if (file === '') throw invalidArgValue(argument, 'must not be empty', file)
  return path.resolve(file)
}
