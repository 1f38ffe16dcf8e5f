import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The revision of a directory's policy: the same on every node that has the same files.
 *
 * @param {string} directory
 */
export async function revisionOf(directory) {
  const hash = createHash('sha256')
  const files = (await readdir(directory)).filter((name) => !name.startsWith('.'))
  for (const name of files.sort()) {
    const text = await readFile(join(directory, name)).catch((error) => {
      if (error.code === 'EISDIR') return ''
      throw error
    })
    hash.update(`${name.length}:${name}${text.length}:`).update(text)
  }
  return hash.digest('hex').slice(0, 16)
}
