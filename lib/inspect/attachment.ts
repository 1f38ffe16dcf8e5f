/** Which profile is meant for which program. */
import type { LoadedProfile } from './profiles.ts'
import { Turns } from '../border/rows.ts'
import { PathPattern } from './pattern.ts'

const SPECIAL = /[*?[\]{}^\\]/

// What was looked up is kept; programs come and go under ever new names.
const MOST_KNOWN = 4096

/** Finds the profile that the kernel would attach to a program if it were started now. */
export class Attachments {
  readonly #exact = new Map<string, string>()
  readonly #patterns: { name: string; start: string; pattern: PathPattern }[] = []
  readonly #known = new Map<string, string | null>()

  static readonly #made = new WeakMap<readonly LoadedProfile[], Attachments>()

  /** Of the caller's own namespace. Children are attached to what their parent starts, not by themselves. */
  static async of(profiles: readonly LoadedProfile[]): Promise<Attachments> {
    const made = Attachments.#made.get(profiles)
    if (made) return made
    const turns = new Turns()
    const attachments = new Attachments()
    for (const profile of profiles) {
      if (turns.over) await turns.next()
      if (profile.namespace === null && profile.parent === null) attachments.#add(profile)
    }
    // The kernel prefers the profile that says most.
    attachments.#patterns.sort((a, b) => b.start.length - a.start.length)
    Attachments.#made.set(profiles, attachments)
    return attachments
  }

  #add({ name, attachment }: LoadedProfile): void {
    if (attachment === null) return
    const fixed = attachment.search(SPECIAL)
    if (fixed < 0) return void this.#exact.set(attachment, name)
    const pattern = PathPattern.parse(attachment)
    if (pattern) this.#patterns.push({ name, start: attachment.slice(0, fixed), pattern })
  }

  /** The profile's name, or `null`. */
  match(executable: string): string | null {
    // what the kernel shows for a program that was replaced on disk while it runs
    const path = executable.replace(/ \(deleted\)$/, '')
    let name = this.#known.get(path)
    if (name === undefined) {
      const found = this.#patterns.find(
        ({ start, pattern }) => path.startsWith(start) && pattern.matches(path),
      )
      name = this.#exact.get(path) ?? found?.name ?? null
      if (this.#known.size >= MOST_KNOWN) this.#known.clear()
      this.#known.set(path, name)
    }
    return name
  }
}
