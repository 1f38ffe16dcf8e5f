/** Waits until something of a directory's policy changes. */
import type { FSWatcher } from 'node:fs'
import { fs, path } from '../../border/node.ts'
import { closurePlaces } from '../compile/closure.ts'
import { policyFiles } from '../compile/files.ts'

// An editor, a package manager or git writes several files one after the other.
const QUIET = 100
const LONGEST = 1000

/** Where a change may be one of policy: the directory, and the directories of all that its files include. */
export function placesOf(directory: string, search: readonly string[]): ReadonlySet<string> {
  const base = search.at(-1) ?? directory
  const places = [path.join(base, 'disable', 'x'), path.join(base, 'force-complain', 'x')]
  for (const file of policyFiles(directory)) {
    places.push(...closurePlaces(path.join(directory, file), search))
  }
  return new Set([directory, ...places.map(nearest)])
}

/** The directory that a place is in, or that the first missing one of its directories would be in. */
function nearest(place: string): string {
  for (let at = place; ; at = path.dirname(at)) {
    if (fs.statSync(at, { throwIfNoEntry: false })?.isDirectory()) return at
  }
}

/** Changes below a set of directories. Rests on inotify(7). */
export class Changes {
  readonly #watchers = new Map<string, FSWatcher>()
  #changed = false
  #wake: (() => void) | undefined

  /** Watches these, and no others any longer. */
  watch(places: ReadonlySet<string>): void {
    for (const [place, watcher] of this.#watchers) {
      if (places.has(place)) continue
      watcher.close()
      this.#watchers.delete(place)
    }
    for (const place of places) if (!this.#watchers.has(place)) this.#add(place)
  }

  #add(place: string): void {
    const see = (): void => {
      this.#changed = true
      this.#wake?.()
    }
    const watcher = fs.watch(place, see)
    // It is gone, say: the next round finds another place.
    watcher.on('error', () => {
      this.#watchers.delete(place)
      watcher.close()
      see()
    })
    this.#watchers.set(place, watcher)
  }

  /** Waits for a change, and until no further one comes; rejects with the signal's reason. */
  async next(signal: AbortSignal | undefined): Promise<void> {
    if (!this.#changed) await this.#event(signal)
    const end = Date.now() + LONGEST
    do {
      this.#changed = false
      await this.#event(signal, QUIET)
    } while (this.#changed && Date.now() < end)
  }

  /** Waits for a change, or for some time. */
  async #event(signal: AbortSignal | undefined, time?: number): Promise<void> {
    signal?.throwIfAborted()
    let timer: NodeJS.Timeout | undefined
    let stop = (): void => {}
    try {
      await new Promise<void>((resolve, reject) => {
        stop = () => reject(signal?.reason)
        this.#wake = resolve
        if (time !== undefined) timer = setTimeout(resolve, time)
        signal?.addEventListener('abort', stop, { once: true })
      })
    } finally {
      this.#wake = undefined
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    }
  }

  close(): void {
    this.watch(new Set())
  }
}
