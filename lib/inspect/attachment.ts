/** Which profile is meant for which program: the kernel's path patterns, in JavaScript. */
import type { LoadedProfile } from './profiles.ts'
import { Turns } from '../border/rows.ts'

const SPECIAL = /[*?[\]{}^\\]/

/**
 * A pattern of AppArmor (apparmor.d(5), "Globbing") as a regular expression; `null` when it is none.
 *
 * `*` any name without `/`, `**` any path, `?` one character but `/`, `[…]` and `[^…]` a class, `{a,b}`
 * one of these, `\` takes away the meaning. Where they are a whole name, between two `/` or at the end, stars
 * stand for one character at least: `/bin/*` is not the directory itself.
 */
export function toRegExp(pattern: string): RegExp | null {
  let source = ''
  let depth = 0
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] as string
    if (char === '\\') {
      source += literal(pattern[++at] ?? '\\')
    } else if (char === '*') {
      const behind = /^\**(.?)/s.exec(pattern.slice(at))?.[1]
      const wholeName = pattern[at - 1] === '/' && (behind === '' || behind === '/')
      const deep = pattern[at + 1] === '*'
      if (deep) at++
      source += (wholeName ? '[^/]' : '') + (deep ? '[^]*' : '[^/]*')
    } else if (char === '?') {
      source += '[^/]'
    } else if (char === '[') {
      const end = pattern.indexOf(']', at + 2)
      if (end < 0) return null
      const [, not = '', members = ''] = /^(\^?)([^]*)$/.exec(pattern.slice(at + 1, end)) ?? []
      source += `[${not}${members.replaceAll(/[\\[\]^]/g, '\\$&')}]`
      at = end
    } else if (char === '{') {
      depth++
      source += '(?:'
    } else if (char === '}' && depth > 0) {
      depth--
      source += ')'
    } else if (char === ',' && depth > 0) {
      source += '|'
    } else {
      source += literal(char)
    }
  }
  if (depth !== 0) return null
  try {
    return new RegExp(`^${source}$`, 'u')
  } catch {
    return null
  }
}

const literal = (char: string): string => char.replace(/[/\\^$.*+?()[\]{}|]/, '\\$&')

/** Finds the profile that the kernel would attach to a program if it were started now. */
export class Attachments {
  readonly #exact = new Map<string, string>()
  readonly #patterns: { name: string; start: string; expression: RegExp }[] = []
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
    const expression = toRegExp(attachment)
    if (expression) this.#patterns.push({ name, start: attachment.slice(0, fixed), expression })
  }

  /** The profile's name, or `null`. */
  match(executable: string): string | null {
    // what the kernel shows for a program that was replaced on disk while it runs
    const path = executable.replace(/ \(deleted\)$/, '')
    let name = this.#known.get(path)
    if (name === undefined) {
      const found = this.#patterns.find(
        ({ start, expression }) => path.startsWith(start) && expression.test(path),
      )
      name = this.#exact.get(path) ?? found?.name ?? null
      this.#known.set(path, name)
    }
    return name
  }
}
