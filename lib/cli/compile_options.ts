/** The options of every command that runs the compiler. */
import type { CompileOptions, Diagnostic } from '../policy/node.ts'
import { fs } from '../border/node.ts'
import type { Flag, Schema, Text, Texts, Values, World } from './command.ts'
import { exactly, listOf } from './json.ts'
import { BASE_OPTION, checkFile, readText } from './read_policy.ts'
import { bold, red, yellow, type Screen } from './screen.ts'

type CompileFlags = {
  readonly base: Text
  readonly include: Texts
  readonly features: Text
  readonly abi: Text
  readonly parser: Text
}

export const COMPILE_OPTIONS: CompileFlags = {
  base: BASE_OPTION,
  include: {
    type: 'string',
    short: 'I',
    value: 'DIRECTORY',
    complete: 'directory',
    multiple: true,
    help: 'a directory to search first for includes <…>; may be repeated',
  },
  features: {
    type: 'string',
    value: 'FILE',
    complete: 'file',
    help: "compile for the kernel with these features; default: this one's",
  },
  abi: {
    type: 'string',
    value: 'FILE',
    complete: 'file',
    help: 'the feature set for every profile, whatever its abi rule says',
  },
  parser: { type: 'string', value: 'FILE', complete: 'file', help: 'the apparmor_parser to use' },
}

type LoadFlags = CompileFlags & {
  readonly namespace: Text
  readonly complain: Flag
}

export const LOAD_OPTIONS: LoadFlags = {
  ...COMPILE_OPTIONS,
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    help: 'the policy namespace of profiles that name none',
  },
  complain: {
    type: 'boolean',
    help: 'every profile in complain mode, whatever its flags say',
  },
}

type Wanted = { readonly [Name in keyof LoadFlags]?: Values<Record<Name, LoadFlags[Name]>>[Name] }

export function compileOptions(options: Wanted): CompileOptions {
  const { base, include, features, abi, parser, namespace, complain } = options
  return {
    ...(base !== undefined && { base }),
    ...(include !== undefined && { include }),
    ...(features !== undefined && { features }),
    ...(abi !== undefined && { abi }),
    ...(parser !== undefined && { parser }),
    ...(namespace !== undefined && { namespace }),
    ...(complain && { mode: 'complain' as const }),
  }
}

// A compiled policy begins with a field named "version".
const COMPILED = '\x04\x08\x00version\x00'

/** What a command line names: a file of policy or of compiled policy, or with `-` what comes on stdin. */
export async function sourceOf(
  file: string,
  world: World,
): Promise<string | Uint8Array | { readonly file: string }> {
  if (file === '-') return readText(file, world)
  checkFile(file)
  const fd = fs.openSync(file, 'r')
  try {
    const start = Buffer.alloc(COMPILED.length)
    fs.readSync(fd, start)
    return start.toString('latin1') === COMPILED ? fs.readFileSync(file) : { file }
  } finally {
    fs.closeSync(fd)
  }
}

export const DIAGNOSTIC: Schema = exactly({
  severity: { enum: ['error', 'warning'] },
  message: { type: 'string' },
  file: { type: ['string', 'null'] },
  line: { type: ['integer', 'null'] },
  column: { type: ['integer', 'null'] },
  profile: { type: ['string', 'null'] },
  source: { type: 'string' },
  code: { type: ['string', 'null'] },
})
export const DIAGNOSTICS: Schema = listOf(DIAGNOSTIC)

export const diagnosticJson = (diagnostic: Diagnostic): object => ({ code: null, ...diagnostic })

/** `web.profile:3:5: error: …`, as compilers say it. */
export function showDiagnostic(found: Diagnostic, named: string, screen: Screen): void {
  const { severity, message, file, line, column, profile } = found
  const place = [file ?? named, line, column].filter((part) => part !== null).join(':')
  const about = profile === null ? '' : `${profile}: `
  const [first = '', ...more] = message.split('\n')
  screen.line(
    bold(`${place}: `),
    severity === 'error' ? red('error: ') : yellow('warning: '),
    about,
    first,
  )
  for (const text of more) screen.line(`  ${text}`)
}
