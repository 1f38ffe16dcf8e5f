/** Permissions that are words, as most kinds of rules have them. */
import type { Reader } from './reader.ts'
import { unquote } from './reader.ts'

/** What a kind of rule calls reading and writing, and which words it has. */
export interface Words<P extends string> {
  /** in the order in which they are written */
  readonly all: readonly P[]
  /** what `read` and `r` mean, and what `write` and `w` */
  readonly read?: P
  readonly write?: P
}

/**
 * Reads permissions behind the word of a rule: one, or a list in parentheses.
 *
 * @returns the permissions, each once and in order; nothing for none, or for an empty list
 */
export function parsePermissions<P extends string>(
  reader: Reader,
  words: Words<P>,
): readonly P[] | undefined {
  reader.white()
  const at = reader.pos
  const found = new Set<P>()
  if (reader.at('(')) {
    for (const value of reader.list(true)) {
      if (!add(found, unquote(value), words, true)) unknown(reader, value, at)
    }
  } else {
    const word = reader.match(WORD)
    if (word !== undefined && !add(found, word, words, false)) reader.pos = at
  }
  return found.size === 0 ? undefined : words.all.filter((word) => found.has(word))
}

// A comma with a letter behind it goes on with the word.
const WORD = /[a-z_]+(?=[\s(]|,(?:[\s,"!]|$)|$)/y

function unknown(reader: Reader, value: string, at: number): never {
  reader.fail(`no permission '${value}' in this rule`, at)
}

/** Adds what a word means, and says whether it means something. */
function add<P extends string>(
  found: Set<P>,
  word: string,
  words: Words<P>,
  list: boolean,
): boolean {
  const { all, read, write } = words
  if ((all as readonly string[]).includes(word)) found.add(word as P)
  else if (word === 'read' && read) found.add(read)
  else if (word === 'write' && write) found.add(write)
  else if (read && write && (list ? /^[rwRW]+$/ : /^(?:r|w|rw|wr)$/).test(word)) {
    if (/r/i.test(word)) found.add(read)
    if (/w/i.test(word)) found.add(write)
  } else return false
  return true
}
