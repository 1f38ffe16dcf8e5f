import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'

/** The functions of libapparmor that a binary needs from outside. */
function imported(file: string): readonly string[] {
  const symbols = execFileSync('nm', ['-D', '--undefined-only', file], { encoding: 'utf8' })
  return Array.from(symbols.matchAll(/ U (aa_\w+)/g), ([, name]) => name ?? '').sort()
}

/** Those that CONTRIBUTING.md names in its table. */
function listed(): readonly string[] {
  const [, section = ''] =
    /\n## What libapparmor does\n(.*?)\n## /s.exec(readFileSync('CONTRIBUTING.md', 'utf8')) ?? []
  const rows = section.split('\n').filter((line) => line.startsWith('| `aa_'))
  return rows.flatMap((row) => row.split('|')[1]?.match(/aa_\w+/g) ?? []).sort()
}

t.test('the addon calls the functions of libapparmor that CONTRIBUTING.md lists', async (t) => {
  t.not(listed().length, 0)
  t.strictSame(imported('build/Release/apparmor.node'), listed())
})
