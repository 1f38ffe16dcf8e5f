import { bold, cyan, green, red, type Screen, type Span } from './screen.ts'

/** A difference in the form of diff -u. */
export function showPatch(patch: string, out: Screen): void {
  for (const line of patch
    .replace(/^(Index: .*\n)?=+\n/, '')
    .replace(/\n$/, '')
    .split('\n'))
    out.line(painted(line))
}

function painted(line: string): Span {
  if (/^(---|\+\+\+) /.test(line)) return bold(line)
  if (line.startsWith('@@')) return cyan(line)
  return line.startsWith('+') ? green(line) : line.startsWith('-') ? red(line) : line
}
