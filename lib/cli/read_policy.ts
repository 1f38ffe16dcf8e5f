/** Reads files of policy, and the files that they include, as apparmor_parser finds them. */
import { fs, path } from '../border/node.ts'
import { decode, encode } from '../border/text.ts'
import { parseProfile, resolveIncludes, type Policy } from '../policy/node.ts'
import { Refusal, UsageError, type Text, type World } from './command.ts'

export const BASE = '/etc/apparmor.d'

export const BASE_OPTION: Text = {
  type: 'string',
  value: 'DIRECTORY',
  complete: 'directory',
  help: `the directory to search for includes <…>; default ${BASE}`,
}

/** Refuses what is no file, by its name: Node itself does not say which is a directory. */
export function checkFile(file: string): void {
  if (file === '') throw new UsageError('the name of a file is empty')
  if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Refusal(`'${file}' is a directory. Name a file.`)
  }
}

/** A file's text, or with `-` what comes on stdin. A byte that is not UTF-8 stays one. */
export async function readText(file: string, world: World): Promise<string> {
  if (file !== '-') {
    checkFile(file)
    return decode(fs.readFileSync(file, 'latin1'))
  }
  const chunks: Buffer[] = []
  for await (const chunk of world.stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  return decode(Buffer.concat(chunks).toString('latin1'))
}

/** Writes a file that is not there yet. */
export function writeNew(file: string, text: string): void {
  fs.writeFileSync(file, encode(text), { encoding: 'latin1', flag: 'wx', mode: 0o644 })
}

/** Writes a file, whether it is there or not. */
export function putText(file: string, text: string): void {
  fs.writeFileSync(file, encode(text), 'latin1')
}

/** Replaces a file's content: it is whole at any time, and keeps its mode and owner. */
export function writeText(file: string, text: string): void {
  const target = fs.realpathSync(file)
  const { mode, uid, gid } = fs.statSync(target)
  const temporary = `${target}.${process.pid}.tmp`
  const fd = fs.openSync(temporary, 'wx', mode)
  try {
    fs.writeFileSync(fd, encode(text), 'latin1')
    fs.fchmodSync(fd, mode)
    if (process.getuid?.() === 0) fs.fchownSync(fd, uid, gid)
    fs.fsyncSync(fd)
    fs.renameSync(temporary, target)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  } finally {
    fs.closeSync(fd)
  }
}

export async function readPolicy(file: string, base: string, world: World): Promise<Policy> {
  return parse(await readText(file, world), file, base)
}

export const parse = (text: string, file: string, base: string): Policy =>
  parseProfile(text, { file, resolve: resolveIncludes({ base }) })

/** The files of a directory that apparmor_parser takes for policy. */
export function policyFiles(directory: string): readonly string[] {
  return fs
    .readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !IGNORED.test(entry.name))
    .map(({ name }) => path.join(directory, name))
    .filter((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile())
    .sort()
}

// As libapparmor's is_blacklisted.
const IGNORED =
  /^\.|^README$|~$|\.(dpkg-(new|old|dist|bak|remove)|pacsave|pacnew|rpmnew|rpmsave|orig|rej)$|^$/

/** Every policy of a directory that can be read; of the others, why not. */
export function readDirectory(directory: string): {
  readonly policies: readonly { readonly file: string; readonly policy: Policy }[]
  readonly problems: readonly { readonly file: string; readonly error: Error }[]
} {
  const policies: { file: string; policy: Policy }[] = []
  const problems: { file: string; error: Error }[] = []
  for (const file of policyFiles(directory)) {
    try {
      policies.push({
        file,
        policy: parse(decode(fs.readFileSync(file, 'latin1')), file, directory),
      })
    } catch (error) {
      problems.push({ file, error: error as Error })
    }
  }
  return { policies, problems }
}
