/** What a sync has loaded, written down, so that the next one knows what it owns. */
import { AppArmorError } from '../../border/errors.ts'
import { builtin, fs, path } from '../../border/node.ts'

/** A profile that a sync has loaded. */
export interface OwnedProfile {
  readonly namespace: string | null
  readonly name: string
  /** the kernel's hash of it, as `LoadedProfile.hash` has it; `null` while it is being loaded */
  readonly hash: string | null
}

/** A file, and what came of it. */
export interface OwnedFile {
  /** of all that it was compiled from, the compiler and its options; `null` while it is being loaded */
  readonly source: string | null
  readonly profiles: readonly OwnedProfile[]
}

/** By the name of the file in the directory. */
export type Manifest = Readonly<Record<string, OwnedFile>>

const VERSION = 1

/** Reads a manifest; one that is not there owns nothing. */
export function readManifest(file: string): Manifest {
  let text: string
  try {
    text = fs.readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
  try {
    const { version, files } = JSON.parse(text) as { version: unknown; files: Manifest }
    if (version === VERSION && typeof files === 'object' && files !== null) return files
  } catch (cause) {
    throw unreadable(file, cause)
  }
  // To own nothing would be to leave behind what was loaded.
  throw unreadable(file)
}

function unreadable(file: string, cause?: unknown): AppArmorError {
  return new AppArmorError({ code: 'ERR_APPARMOR_MANIFEST', path: file, cause })
}

/** Writes a manifest whole, or leaves the one that is there. */
export function writeManifest(file: string, files: Manifest): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}`
  const fd = fs.openSync(temporary, 'w', 0o600)
  try {
    fs.writeSync(fd, `${JSON.stringify({ version: VERSION, files }, null, 1)}\n`)
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
  fs.renameSync(temporary, file)
}

/**
 * Keeps others from the manifest until the function that it returns is called, or this process ends.
 *
 * @throws `AppArmorError` `ERR_APPARMOR_SYNC_RUNNING` while another process has it
 */
export async function lockManifest(file: string): Promise<() => Promise<void>> {
  // A name in the abstract namespace of sockets goes with the process that has it, however it ends.
  const server = builtin('node:net').createServer((socket) => socket.destroy())
  const { createHash } = builtin('node:crypto')
  const name = createHash('sha256').update(path.resolve(file)).digest('hex')
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE'
      reject(
        taken ? new AppArmorError({ code: 'ERR_APPARMOR_SYNC_RUNNING', path: file, cause }) : cause,
      )
    })
    server.listen({ path: `\0apparmor-sync-${name.slice(0, 32)}` }, resolve)
  })
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}
