import { distance } from 'fastest-levenshtein'

/** The known word that a mistyped one is meant to be, if one is near. */
export function similar(word: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3)) + 1
  const [best] = known
    .map((name) => ({ name, away: name.startsWith(word) ? 0 : distance(word, name) }))
    .filter(({ away, name }) => away <= limit && away < name.length - 1)
    .sort((a, b) => a.away - b.away)
  return best?.name
}
