/**
 * The descriptors that a `stdio` option asks for in the synchronous functions, in the order in which the child
 * has them: as Node reads them, so that the number of one more is known. `undefined` for what Node refuses.
 */
export function stdioEntries(stdio: unknown): unknown[] | undefined {
  if (!stdio) return ['pipe', 'pipe', 'pipe']
  if (stdio === 'inherit') return [0, 1, 2]
  if (isWord(stdio)) return [stdio, stdio, stdio]
  if (!Array.isArray(stdio)) return undefined
  while (stdio.length < 3) stdio.push(undefined) // the caller's, as Node does
  const entries: unknown[] = []
  // Not for holes.
  stdio.forEach((value: unknown, index) => {
    const entry = toEntry(value, index)
    if (!isNothing(entry)) entries.push(entry)
  })
  return entries
}

function toEntry(value: unknown, index: number): unknown {
  if (value === undefined || value === null) return index < 3 ? 'pipe' : 'ignore'
  if (value === 'inherit') return index
  if (typeof value === 'number') return value < 0 ? 'pipe' : value
  const { fd } = value as { fd?: unknown }
  return typeof fd === 'number' ? fd : value
}

const isWord = (value: unknown): boolean =>
  value === 'pipe' || value === 'overlapped' || value === 'ignore'

// Node gives the child no descriptor for a buffer, and for no other word but "ipc", which it refuses.
function isNothing(entry: unknown): boolean {
  return (
    ArrayBuffer.isView(entry) || (typeof entry === 'string' && !isWord(entry) && entry !== 'ipc')
  )
}
