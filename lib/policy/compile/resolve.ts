/** Finds the files that policy includes, where apparmor_parser finds them. */
import { fs, path } from '../../border/node.ts'
import { decode } from '../../border/text.ts'
import type { IncludedFile, Resolve } from '../parse.ts'
import { policyFiles } from './files.ts'

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
