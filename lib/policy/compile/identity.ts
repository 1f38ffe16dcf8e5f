/** What decides, beside the text, what comes out of the compiler. */
import { builtin, fs, path } from '../../border/node.ts'
import { closureHash, type SeenFiles } from './closure.ts'
import type { ReadOptions } from './options.ts'
import { findParser, parserVersion } from './parser.ts'

/** A name options of the compiler, its options and the files that they name. */
export async function compilerId({ parser, args, files }: ReadOptions): Promise<string> {
  const program = findParser(parser)
  const { mtimeMs, size } = fs.statSync(program)
  const version = await parserVersion(parser)
  const contents = files.map((file) => closureHash(file, []))
  return builtin('node:crypto')
    .createHash('sha256')
    .update(JSON.stringify([program, mtimeMs, size, version, args, contents]))
    .digest('hex')
    .slice(0, 16)
}

/** A name for what a file is compiled from: another one whenever something else could come out. */
export function sourceId(
  file: string,
  compiler: string,
  { include, base }: Pick<ReadOptions, 'include' | 'base'>,
  seen?: SeenFiles,
): string {
  // A link of the file's name in one of these directories switches the file off, or its mode over.
  const links = ['disable', 'force-complain'].map((name) =>
    fs.existsSync(path.join(base, name, path.basename(file))),
  )
  return [compiler, ...links, closureHash(file, [...include, base], seen)].join(':')
}
