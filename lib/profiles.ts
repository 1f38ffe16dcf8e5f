import { callNativeAsync } from './call.ts'
import { kernelMode, type Mode } from './label.ts'
import { Rows, Turns } from './rows.ts'

/** One profile that the kernel holds. */
export interface LoadedProfile {
  /** the label of what runs under it, as seen from here: `'web//upload'`, `':ns://web'` */
  readonly label: string
  /** its policy namespace, `null` for the caller's own; nested ones are `a//b` */
  readonly namespace: string | null
  /** its whole name within the namespace: `'web//upload'` */
  readonly name: string
  /** for a child profile or a hat, the name of the profile that it is part of */
  readonly parent: string | null
  readonly mode: Mode
  /**
   * the programs that it is attached to, as a pattern; `null` for none, or when the kernel does not tell
   * (a named profile with a path, loaded by an apparmor_parser before 4.0)
   */
  readonly attachment: string | null
  /** of the compiled policy: `'sha1:…'`, `'sha256:…'`; `null` when the kernel keeps none */
  readonly hash: string | null
  /** where the kernel tells this, below {@link findMountpoint} */
  readonly directory: string
}

/**
 * Lists the profiles that the kernel holds, in every policy namespace that is visible from here.
 *
 * From the kernel's own tree of them, name by name: exact for names with quotes, spaces, brackets,
 * newlines and bytes that are not UTF-8. Needs no privilege.
 *
 * @returns a profile before its children; a profile that is removed meanwhile may be left out
 * @throws {@link AppArmorError} (rejects) `ENOENT` when the policy interface is not visible (most
 *   containers), `EACCES`; the codes of {@link availability} without AppArmor
 * @example
 * ```js
 * import { profiles } from 'apparmor'
 * for (const { name, mode } of await profiles()) console.log(mode, name)
 * ```
 */
export async function profiles(): Promise<readonly LoadedProfile[]> {
  const rows = new Rows(await callNativeAsync((native) => native.loadedProfiles()))
  const turns = new Turns()
  const list: LoadedProfile[] = []
  while (!rows.done) {
    list.push(readProfile(rows))
    if (turns.over) await turns.next()
  }
  return list
}

function readProfile(rows: Rows): LoadedProfile {
  const namespace = rows.text() || null
  const directory = rows.text()
  const parent = rows.text() || null
  const own = rows.text()
  const mode = kernelMode(rows.text()) ?? 'enforce'
  const attach = rows.text()
  const algorithm = rows.text()
  const hash = rows.text()
  const name = parent === null ? own : `${parent}//${own}`
  return {
    label: namespace === null ? name : `:${namespace}://${name}`,
    namespace,
    name,
    parent,
    mode,
    attachment: attachmentOf(attach, own),
    hash: hash === '' ? null : `${algorithm}:${hash}`,
    directory,
  }
}

// The kernel shows the name where there is no attachment, and "<unknown>" where it was not given the
// text of a pattern. A name that is a path is its own attachment.
function attachmentOf(shown: string, name: string): string | null {
  if (shown.startsWith('/')) return shown
  return shown === '<unknown>' && name.startsWith('/') ? name : null
}
