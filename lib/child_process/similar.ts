/**
 * Whether a name is one or two letters off another: letters that are missing, too many, wrong, in the wrong
 * case, or in the place of their neighbour.
 */
export function similarTo(name: string, other: string): boolean {
  if (Math.abs(name.length - other.length) > 2) return false
  const [a, b] = [name.toLowerCase(), other.toLowerCase()]
  // The edit distances of a's beginning to all beginnings of b, for the last three lengths of the former.
  let [beforeLast, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + changed,
        swapped ? (beforeLast[j - 2] as number) + 1 : Infinity,
      )
    }
    ;[beforeLast, last] = [last, row]
  }
  return (last[b.length] as number) <= 2
}
