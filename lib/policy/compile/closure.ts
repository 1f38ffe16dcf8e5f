/** What a file of policy is made of: itself, and all that it includes. */
import { builtin, fs, path } from '../../border/node.ts'

/** Where includes are searched: the directories in their order, the base directory last. */
export type SearchPath = readonly string[]

// Whatever could be an include or an abi rule, in comments too: one too many does no harm.
const REFERENCE =
  /(?:\binclude\s+(?:if\s+exists\s+)?|\babi\s+)(?:<([^>\n]+)>|"([^"\n]+)"|([^\s<",]+))/g

/**
 * A hash of the contents of a file and of everything that it includes, and of which of that is there. It is
 * another one whenever the policy could be another one, whatever the times of the files say.
 */
export function closureHash(file: string, search: SearchPath): string {
  const { createHash } = builtin('node:crypto')
  const hash = createHash('sha256')
  visitClosure(file, search, (name, found) => {
    hash.update(JSON.stringify([name, found === null, Array.isArray(found) ? found : null]))
    if (Buffer.isBuffer(found)) hash.update(found)
  })
  return hash.digest('hex')
}

/** Every place that is looked at for a file of policy, whether or not something is there. */
export function closurePlaces(file: string, search: SearchPath): readonly string[] {
  const places: string[] = []
  visitClosure(file, search, (name) => places.push(name))
  return places
}

type Content = Buffer | readonly string[] | null

function visitClosure(
  file: string,
  search: SearchPath,
  see: (name: string, found: Content) => void,
): void {
  const seen = new Set<string>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    const found = contentOf(name)
    see(name, found)
    if (found === null) return
    if (Array.isArray(found)) return found.forEach((entry) => visit(path.join(name, entry)))
    for (const place of references((found as Buffer).toString('latin1'), search)) visit(place)
  }
  visit(file)
}

// Every place that the parser looks at: a file that appears in an earlier one changes the policy.
function references(text: string, search: SearchPath): readonly string[] {
  const places: string[] = []
  for (const [, angled, quoted, bare] of text.matchAll(REFERENCE)) {
    const name = angled ?? quoted ?? bare ?? ''
    if (path.isAbsolute(name)) places.push(name)
    else places.push(...search.map((directory) => path.join(directory, name)))
  }
  return places
}

/** A file's content, a directory's entries, `null` for nothing. */
function contentOf(name: string): Content {
  try {
    return fs.statSync(name).isDirectory() ? fs.readdirSync(name).sort() : fs.readFileSync(name)
  } catch {
    return null
  }
}
