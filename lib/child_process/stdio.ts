/** What a `stdio` option asks for in the synchronous functions. */
export interface Stdio {
  /** a copy for Node, in which each entry has been read once */
  readonly entries: unknown[]
  /** how many descriptors the child has by it: the number of one more */
  readonly count: number
  /** those that this process is to hand on */
  readonly numbers: readonly unknown[]
}

/** Reads the option as Node does; `undefined` for what Node refuses. */
export function readStdio(stdio: unknown): Stdio | undefined {
  if (!stdio) return readStdio('pipe')
  if (stdio === 'inherit') return readStdio([0, 1, 2])
  if (isWord(stdio)) return readStdio([stdio, stdio, stdio])
  if (!Array.isArray(stdio)) return undefined
  while (stdio.length < 3) stdio.push(undefined) // the caller's, as Node does
  const entries: unknown[] = stdio.slice() // holes stay, which Node passes over
  entries.forEach((value, index) => (entries[index] = toEntry(value, index)))
  const kept = entries.filter((entry) => !isNothing(entry))
  return { entries, count: kept.length, numbers: kept.filter((entry) => typeof entry === 'number') }
}

function toEntry(value: unknown, index: number): unknown {
  if (value === 'inherit') return index
  if (typeof value === 'number' && value < 0) return 'pipe'
  const { fd } = (value ?? {}) as { fd?: unknown }
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
