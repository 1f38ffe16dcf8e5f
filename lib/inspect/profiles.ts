import { callNativeAsync } from '../border/call.ts'
import { kernelMode, type Mode } from './label.ts'
import { Rows, Turns } from '../border/rows.ts'

/** One profile that is loaded into the kernel. */
export interface LoadedProfile {
  /** the label of processes under it, as seen from here: `'web//upload'`, `':ns://web'` */
  readonly label: string
  /** its policy namespace, `null` for the caller's own; nested ones are `a//b` */
  readonly namespace: string | null
  /** its full name within the namespace: `'web//upload'` */
  readonly name: string
  /** for a child profile or a hat, the name of the profile that it is part of */
  readonly parent: string | null
  readonly mode: Mode
  /**
   * the programs that it is attached to, as a pattern; `null` when there are none, or when the kernel does not
   * report it (a named profile with a path, loaded by an apparmor_parser before 4.0)
   */
  readonly attachment: string | null
  /** of the compiled policy: `'sha1:…'`, `'sha256:…'`; `null` when the kernel keeps none */
  readonly hash: string | null
  /** the profile's directory in the policy interface, below {@link findMountpoint} */
  readonly directory: string
}

/**
 * Lists the loaded profiles, in every policy namespace that is visible from here.
 *
 * It reads the kernel's own tree, so names with quotes, spaces, brackets, newlines and bytes that are not UTF-8 are
 * exact. It needs no privilege. In complain mode the kernel creates profiles itself, such as
 * `web//null-/usr/bin/ls`. They were never loaded and are not listed; {@link processes} shows what runs under them.
 *
 * @returns each profile before its children; a profile that is removed during the call may be left out
 * @throws {@link AppArmorError} (rejects) `ENOENT` when the policy interface is not visible (most
 *   containers), `EACCES`; the codes of {@link availability} without AppArmor
 * @example
 * ```js
 * import { profiles } from 'apparmor'
 * for (const { name, mode } of await profiles()) console.log(mode, name)
 * ```
 */
export async function profiles(): Promise<readonly LoadedProfile[]> {
  return (await readPolicy()).list
}

interface Policy {
  /** when the look began */
  readonly revisions: Revisions
  readonly list: readonly LoadedProfile[]
}

// A look at every profile takes many system calls; the kernel tells whether there is anything new.
let known: Policy | null = null

export async function readPolicy(): Promise<Policy> {
  const before = await revisions()
  if (known && sameRevisions(known.revisions, before)) return known
  const policy = { revisions: before, list: await readProfiles() }
  if (sameRevisions(before, await revisions())) known = policy
  return policy
}

/** Of each visible namespace (`''`: the caller's own), which policy it has. */
export type Revisions = ReadonlyMap<string, { readonly inode: string; readonly revision: number }>

export async function revisions(): Promise<Revisions> {
  const rows = new Rows(await callNativeAsync((native) => native.policyRevisions()))
  const found = new Map<string, { inode: string; revision: number }>()
  while (!rows.done) found.set(rows.text(), { inode: rows.text(), revision: rows.number() })
  return found
}

export function sameRevisions(a: Revisions, b: Revisions): boolean {
  const same = ([name, { inode, revision }]: [string, { inode: string; revision: number }]) =>
    b.get(name)?.inode === inode && b.get(name)?.revision === revision
  return a.size === b.size && [...a].every(same)
}

async function readProfiles(): Promise<readonly LoadedProfile[]> {
  const rows = new Rows(await callNativeAsync((native) => native.loadedProfiles()))
  const turns = new Turns()
  const list: LoadedProfile[] = []
  while (!rows.done) {
    list.push(Object.freeze(readProfile(rows)))
    if (turns.over) await turns.next()
  }
  return Object.freeze(list)
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
