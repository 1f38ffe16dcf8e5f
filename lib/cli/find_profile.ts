import { decide, type Policy } from '../policy/node.ts'
import { Refusal, type World } from './command.ts'
import { parse, policyFiles, readPolicy, readText } from './read_policy.ts'

/** Whether a policy defines a profile: decide knows no other. */
export function defines(policy: Policy, profile: string): boolean {
  try {
    decide(policy, { profile, userns: 'create' })
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_INVALID_ARG_VALUE') throw error
    return false
  }
}

/** The policy that defines a profile: in these files, or else somewhere in the directory. */
export async function findProfile(
  profile: string,
  { files, base, world }: { files: readonly string[]; base: string; world: World },
): Promise<{ readonly file: string; readonly policy: Policy }> {
  const unread: string[] = []
  for (const file of files.length > 0 ? files : policyFiles(base)) {
    try {
      const policy =
        files.length > 0
          ? await readPolicy(file, base, world)
          : parse(await readText(file, world), file, base)
      if (defines(policy, profile)) return { file, policy }
    } catch (error) {
      // One broken file of a directory is no reason not to find what is in another.
      if (files.length > 0) throw error
      unread.push(file)
    }
  }
  const where = files.length > 0 ? files.join(', ') : base
  const but = unread.length > 0 ? ` These could not be read: ${unread.join(', ')}.` : ''
  throw new Refusal(`No profile '${profile}' is defined in ${where}.${but}`)
}
