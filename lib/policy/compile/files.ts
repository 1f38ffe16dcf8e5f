/** Which files of a directory are policy. */
import { fs, path } from '../../border/node.ts'

const LEFT_BEHIND =
  /^\.|^README|~$|\.(?:dpkg-(?:new|old|dist|bak|remove)|pacsave|pacnew|rpmnew|rpmsave|orig|rej)$/

/** Those that apparmor_parser takes, too: not what package managers and editors leave behind. */
export function policyFiles(directory: string): readonly string[] {
  return fs
    .readdirSync(directory)
    .filter((name) => !LEFT_BEHIND.test(name))
    .filter((name) => fs.statSync(path.join(directory, name), { throwIfNoEntry: false })?.isFile())
    .sort()
}
