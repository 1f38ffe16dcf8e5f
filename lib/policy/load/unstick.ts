/**
 * Linux from 6.12 on keeps the revision of a policy that it has refused for a missing parent, and then refuses all new
 * policy with EEXIST. A policy that is loaded already, written once more, ends that and changes nothing.
 */
import { callNativeAsync } from '../../border/call.ts'
import { builtin, fs, path } from '../../border/node.ts'
import { encode } from '../../border/text.ts'
import { findMountpoint } from '../../inspect/availability.ts'
import { profiles, type LoadedProfile } from '../../inspect/profiles.ts'
import { readBlob, type BlobRecord } from '../compile/blob.ts'

/** Writes a policy that is in force once more; whether there was one to write. */
export async function unstick(): Promise<boolean> {
  const loaded = await profiles()
  for (const one of loaded) {
    const binary = one.namespace === null && one.parent === null ? readRaw(one) : undefined
    if (!binary || !isInForce(binary, loaded)) continue
    await callNativeAsync((native) => native.loadPolicy('replace', binary))
    return true
  }
  return false
}

/** Of all that was loaded with it nothing may have been replaced since. */
function isInForce(binary: Uint8Array, loaded: readonly LoadedProfile[]): boolean {
  return readBlob(binary).every((record) => {
    const there = loaded.find(({ namespace, name }) => namespace === null && name === record.name)
    return record.namespace === null && !!there?.hash && hasHash(record, there.hash)
  })
}

/** Whether a hash of the kernel's is that of the record. */
export function hasHash({ hashed }: BlobRecord, hash: string): boolean {
  const made = builtin('node:crypto').createHash(hash.slice(0, hash.indexOf(':')))
  for (const part of hashed) made.update(part)
  return hash.endsWith(`:${made.digest('hex')}`)
}

function readRaw({ directory }: LoadedProfile): Uint8Array | undefined {
  try {
    const file = path.join(findMountpoint(), directory, 'raw_data')
    return fs.readFileSync(Buffer.from(encode(file), 'latin1'))
  } catch {
    return undefined
  }
}
