import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What docs/migrating.md says of a tool's options: each of theirs, and what stands beside it. */
export interface ToolOption {
  readonly theirs: readonly string[]
  readonly ours: string
}

/** The tables "Every option", by the name of the tool. */
export function toolOptions(): ReadonlyMap<string, readonly ToolOption[]> {
  const [, text = ''] = readFileSync('docs/migrating.md', 'utf8').split('\n## Every option\n')
  const sections = text.split('\n### ').slice(1)
  return new Map(
    sections.map((section) => {
      const [name = ''] = section.split('\n', 1)
      const rows = Array.from(section.matchAll(/^\| (`-.*?) +\| (.*?) +\|$/gm))
      return [name, rows.map(([, theirs = '', ours = '']) => ({ theirs: codes(theirs), ours }))]
    }),
  )
}

/** What stands between backticks. */
export const codes = (text: string): readonly string[] =>
  Array.from(text.matchAll(/`([^`]+)`/g), ([, code = '']) => code)

/** The options that a tool itself tells of; `null` where it is not installed. */
export function helpOptions(tool: string): readonly string[] | null {
  const { error, stdout, stderr } = spawnSync(tool, ['--help'], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  })
  if (error) return null
  const found = `${stdout}\n${stderr}`.matchAll(/(?<![\w-])(--[A-Za-z][\w.-]*\w|-[A-Za-z])(?!\w)/g)
  return Array.from(new Set(Array.from(found, ([option]) => option)))
}
