/** What a command of `apparmor` is: one file of `commands/` each. Help, completion, manual and docs come from it. */
import type { Screen } from './screen.ts'

/** What a shell offers where a value is due. */
export type Completion = 'profile' | 'process' | 'file' | 'directory' | 'program'

export interface Option {
  readonly type: 'boolean' | 'string'
  readonly help: string
  readonly short?: string
  /** of a string: what the value is, in capitals */
  readonly value?: string
  /** of a boolean: what it may have behind `=` */
  readonly choices?: readonly string[]
  readonly complete?: Completion
  /** may be given more than once */
  readonly multiple?: boolean
}

export type Flag = Option & { readonly type: 'boolean'; readonly choices?: never }
export type Text = Option & { readonly type: 'string'; readonly multiple?: never }
export type Texts = Option & { readonly type: 'string'; readonly multiple: true }

export type Options = Readonly<Record<string, Option>>

type Value<O extends Option> = O['type'] extends 'boolean'
  ? O extends { readonly choices: readonly string[] }
    ? boolean | string
    : boolean
  : O extends { readonly multiple: true }
    ? readonly string[]
    : string

export type Values<O extends Options> = { readonly [Name in keyof O]?: Value<O[Name]> }

export interface Operand {
  readonly name: string
  readonly help: string
  readonly optional?: boolean
  /** any number of them; only the last one */
  readonly multiple?: boolean
  readonly choices?: readonly string[]
  readonly complete?: Completion
}

/** A JSON Schema, draft 2020-12. */
export type Schema = Readonly<Record<string, unknown>>

export interface Stream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** What is around the command: a test has a world of its own. */
export interface World {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
}

/** One use of a command. */
export interface Call<O extends Options = Options> {
  readonly options: Values<O>
  readonly operands: readonly string[]
  readonly json: boolean
  readonly out: Screen
  readonly err: Screen
  readonly world: World
}

export interface Definition<O extends Options> {
  readonly name: string
  /** one line: what it does */
  readonly summary: string
  /** paragraphs */
  readonly description?: readonly string[]
  readonly operands?: readonly Operand[]
  /** options end at the first operand: what follows belongs to another program */
  readonly passesOn?: boolean
  readonly options?: O
  readonly examples: readonly { readonly run: string; readonly what: string }[]
  /** what the exit statuses mean; 64 is the same everywhere */
  readonly exits: Readonly<Record<number, string>>
  /** the exit status when it could not be done; 2 unless it is said */
  readonly failed?: number
  /** of what `--json` prints; none: there is no `--json` */
  readonly schema?: Schema
  /** `--json` prints one object a line, each by the schema */
  readonly stream?: boolean
  /** @returns the exit status; 0 unless it is said */
  run(call: Call<O>): Promise<number | void>
}

export interface Command extends Omit<Definition<Options>, 'run'> {
  readonly operands: readonly Operand[]
  readonly options: Options
  run(call: Call): Promise<number | void>
}

export function command<const O extends Options>(definition: Definition<O>): Command {
  const { operands = [], options, ...rest } = definition
  // The options were read by this very definition.
  return { ...rest, operands, options: options ?? {} } as Command
}

/** What the command line itself has wrong. */
export class UsageError extends Error {}

/** Something that could not be done, said in full by its message; no stack is of use. */
export class Refusal extends Error {
  readonly status: number

  constructor(message: string, status: number = FAILED) {
    super(message)
    this.status = status
  }
}

/** The exit statuses that most commands share. */
export const NO = 1
export const FAILED = 2
export const USAGE = 64

export const DONE_OR_FAILED: Readonly<Record<number, string>> = {
  0: 'done',
  [FAILED]: 'it could not be done; the message says why',
}
