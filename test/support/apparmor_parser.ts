import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'

const FEATURES = '/usr/share/apparmor-features/features'

function run(text: string, flags: readonly string[]): { output: Buffer | null; error: string } {
  const { status, stdout, stderr } = spawnSync(
    'apparmor_parser',
    ['--config-file=/dev/null', '-M', FEATURES, '-I', '/etc/apparmor.d', '-QK', ...flags],
    {
      input: text,
      cwd: tmpdir(),
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' },
      timeout: 60_000,
      maxBuffer: 64 << 20,
    },
  )
  return { output: status === 0 ? stdout : null, error: `${status} ${stderr}` }
}

/** What apparmor_parser makes of policy; throws when it refuses. */
export function compile(text: string): Buffer {
  const { output, error } = run(text, ['-S'])
  if (output === null) throw new Error(`apparmor_parser: ${error}\n${text}`)
  return output
}

/** Whether apparmor_parser can read policy; it does not compile it. */
export const reads = (text: string): boolean => run(text, ['-N']).output !== null

/** The names of the profiles that apparmor_parser finds in policy; throws when it refuses it. */
export function namesIn(text: string): readonly string[] {
  const { output, error } = run(text, ['-N'])
  if (output === null) throw new Error(`apparmor_parser: ${error}\n${text}`)
  return output.toString().trimEnd().split('\n')
}
