import { spawnSync } from 'node:child_process'

/**
 * Ends this program with a word on what to install when another is missing.
 *
 * @param {string} program
 * @param {string} debian the package that has it
 * @param {readonly string[]} args what it is asked to see whether it works
 */
export function need(program, debian, args = ['--version']) {
  const { status, error } = spawnSync(program, args)
  if (!error && status === 0) return
  console.error(
    `${program} is missing: apt-get install --no-install-recommends ${debian} (Debian's names)`,
  )
  process.exit(1)
}
