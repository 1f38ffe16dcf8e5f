/** What names are made of that the kernel could read as "unconfined". */
const PIECES = [':', '/', '&', ' ', '\udca0', '=', 'a', 'u', 'ns'] as const

/** All names of up to five of these pieces: 66,430 of them. `a` may stand for the name of a profile. */
export function everyName(a: string = 'a', ns: string = 'ns'): readonly string[] {
  const pieces = PIECES.map((piece) => (piece === 'a' ? a : piece === 'ns' ? ns : piece))
  const names = ['']
  let longest: readonly string[] = names
  for (let length = 1; length <= 5; length++) {
    longest = longest.flatMap((name) => pieces.map((piece) => name + piece))
    names.push(...longest)
  }
  return names
}

/** Names that ask for "unconfined" without the word, or for a profile of an empty namespace. */
// prettier-ignore
export const NAMELESS: readonly string[] = [
  ':', '::', ':::', '://', ':://', '://&', ': ://', '&', '&&', ':&', ' ', ':\t', '\udca0',
  ':ns', ':ns:', ':ns://', ': ns ://\udca0', ':ns:u', ':ns:unconfine', '::web', ': :web', ':\udca0://web',
  'u', 'un', 'unconf', 'unconfine', ' unconf', 'unconf\udca0', '&u', '&&unc', '& & unc',
  'web//&', 'web//& ', 'web//&:', 'web//&::web', 'web//&:ns', 'web//&:ns:', 'web//&u', 'u//&web',
  'web//&//&web//&', 'web//&:ns:u//&web', ':ns://&web',
]

/** Those of them that a command line can carry. */
export const NAMELESS_TEXT: readonly string[] = NAMELESS.filter(
  (name) => !/[\udc80-\udcff]/u.test(name),
)
