import { checkText } from '../../border/args.ts'
import { AppArmorError, invalidArgType, invalidArgValue } from '../../border/errors.ts'
import { fs, path, url } from '../../border/node.ts'
import { readOptions } from '../../border/options.ts'
import { format } from '../format.ts'
import type { Policy } from '../rules/index.ts'
import type { Input } from './parser.ts'

/**
 * Policy to compile: text in AppArmor's policy language; `{ file }`, the path of a file with such text; or what
 * `parseProfile` or `policy` returned.
 */
export type PolicySource = string | { readonly file: string | URL } | Policy

/** Reads a source; the path of a file is made absolute. */
export function readSource(source: unknown): Input {
  if (typeof source === 'string') return readText(source)
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw invalidArgType('source', 'of type string or an object with a file', source)
  }
  if (Object.hasOwn(source, 'kind')) return readText(format(source as Policy))
  const { file } = readOptions<{ file: unknown }>(source, ['file'], 'source')
  const read = readPath(file, 'source.file')
  checkRegular(read)
  return { file: read }
}

function readText(text: string): Input {
  checkText(text, 'source')
  // The parser does not know a comment that ends with the text.
  return { text: text.endsWith('\n') ? text : `${text}\n` }
}

// The parser would compile all that is in a directory, and wait for what comes out of a pipe.
function checkRegular(file: string): void {
  let regular: boolean
  try {
    regular = fs.statSync(file).isFile()
  } catch (error) {
    const { errno = 0 } = error as NodeJS.ErrnoException
    throw new AppArmorError({ errno, syscall: 'stat', path: file })
  }
  if (!regular) throw invalidArgValue('source.file', 'must be a regular file', file)
}

/** The absolute path that a string or a URL is. */
export function readPath(value: unknown, argument: string): string {
  const file = value instanceof URL ? url.fileURLToPath(value) : value
  if (typeof file !== 'string') throw invalidArgType(argument, 'of type string or a URL', value)
  checkText(file, argument)
  if (file === '') throw invalidArgValue(argument, 'must not be empty', file)
  return path.resolve(file)
}
