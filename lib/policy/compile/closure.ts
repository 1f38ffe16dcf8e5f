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
export function closureHash(file: string, search: SearchPath, seen: SeenFiles = new Map()): string {
  const hash = builtin('node:crypto').createHash('sha256')
  visitClosure(file, search, seen, (name, { id }) => hash.update(`${JSON.stringify(name)}${id}`))
  return hash.digest('hex')
}

/** Every place that is looked at for a file of policy, whether or not something is there. */
export function closurePlaces(file: string, search: SearchPath): readonly string[] {
  const places: string[] = []
  visitClosure(file, search, new Map(), (name) => places.push(name))
  return places
}

/** A file that was looked at. */
interface SeenFile {
  /** of its content */
  readonly id: string
  /** where policy may go on */
  readonly next: readonly string[]
}

/** The files that one look at many policies has seen, by their names: each is read once. */
export type SeenFiles = Map<string, SeenFile>

function visitClosure(
  file: string,
  search: SearchPath,
  known: SeenFiles,
  see: (name: string, found: SeenFile) => void,
): void {
  const visited = new Set<string>()
  const visit = (name: string): void => {
    if (visited.has(name)) return
    visited.add(name)
    const found = known.get(name) ?? look(name, search)
    known.set(name, found)
    see(name, found)
    for (const place of found.next) visit(place)
  }
  visit(file)
}

function look(name: string, search: SearchPath): SeenFile {
  const content = contentOf(name)
  if (content === null) return { id: 'none', next: [] }
  if (!Buffer.isBuffer(content)) {
    return { id: JSON.stringify(content), next: content.map((entry) => path.join(name, entry)) }
  }
  const id = builtin('node:crypto').createHash('sha256').update(content).digest('hex')
  return { id, next: references(content.toString('latin1'), search) }
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
function contentOf(name: string): Buffer | readonly string[] | null {
  try {
    return fs.statSync(name).isDirectory() ? fs.readdirSync(name).sort() : fs.readFileSync(name)
  } catch {
    return null
  }
}
