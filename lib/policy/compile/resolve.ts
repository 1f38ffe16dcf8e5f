/** Finds the files that policy includes, where apparmor_parser finds them. */
import { invalidArgType } from '../../border/invalid.ts'
import { fs, path } from '../../border/node.ts'
import { readOptions, refuseUnknown } from '../../border/options.ts'
import { decode } from '../../border/text.ts'
import type { IncludedFile, Resolve } from '../parse.ts'
import { policyFiles } from './files.ts'
import { BASE } from './options.ts'
import { readPath } from './source.ts'

/** Options of {@link resolveIncludes}. */
export interface IncludePlaces {
  /** directories to search for `<path>`, before the base directory */
  readonly include?: readonly (string | URL)[]
  /** the base directory; default `/etc/apparmor.d` */
  readonly base?: string | URL
}

/**
 * Returns a function for the option `resolve` of {@link parseProfile}. It finds included files on this machine, in
 * the same places as apparmor_parser, and reads them each time.
 *
 * `<path>` is searched in the directories; `"path"` is relative to the working directory. If it is a directory, all
 * of its files are included, except those that package managers and editors leave behind. A file that cannot be
 * read counts as missing. Rests on
 * apparmor.d(5), Include rules.
 *
 * @param options see {@link IncludePlaces}
 * @returns the function
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 * @example
 * ```js
 * import { parseProfile, resolveIncludes } from 'apparmor/policy'
 * parseProfile('profile web {\n  include <abstractions/base>\n}\n', { resolve: resolveIncludes() })
 * ```
 */
export function resolveIncludes(options?: IncludePlaces): Resolve {
  const { include = [], base = BASE } = readOptions<IncludePlaces>(options, ['include', 'base'])
  refuseUnknown(options, ['include', 'base'])
  if (!Array.isArray(include)) {
    throw invalidArgType('options.include', 'an instance of Array', include)
  }
  return resolveIn([
    ...include.map((directory, i) => readPath(directory, `options.include[${i}]`)),
    readPath(base, 'options.base'),
  ])
}

/** @param search the directories for `<path>`, the base directory last */
export function resolveIn(search: readonly string[]): Resolve {
  return ({ path: name, magic }) => {
    // As the parser: `"path"` begins at the working directory.
    const places = magic ? search.map((directory) => path.join(directory, name)) : [name]
    for (const place of places) {
      const found = read(place)
      if (found) return found
    }
    return null
  }
}

function read(place: string): IncludedFile | readonly IncludedFile[] | undefined {
  try {
    if (!fs.statSync(place).isDirectory()) return { file: place, text: readText(place) }
    return policyFiles(place).map((name) => {
      const file = path.join(place, name)
      return { file, text: readText(file) }
    })
  } catch {
    return undefined
  }
}

/** The text of a file of policy, every byte of it. */
export const readText = (file: string): string => decode(fs.readFileSync(file, 'latin1'))
