import type { Screen } from './screen.ts'

// In milliseconds: work that is done sooner needs no word, and a terminal no more than this.
const PAUSE = 100

/** One line on a terminal that says how far long work is. Elsewhere nothing is written. */
export class Progress {
  readonly #err: Screen
  #last = performance.now()
  #shown = false

  constructor(err: Screen) {
    this.#err = err
  }

  /** @param text is only asked for where it is shown */
  show(text: () => string): void {
    if (!this.#err.isTerminal) return
    const now = performance.now()
    if (now - this.#last < PAUSE) return
    this.#last = now
    this.#shown = true
    this.#err.passing(text())
  }

  /** Takes the line away: what is written next stands in its place. */
  clear(): void {
    if (this.#shown) this.#err.passing('')
    this.#shown = false
  }
}
