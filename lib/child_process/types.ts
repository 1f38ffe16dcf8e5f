/** Node's own signatures, and beside each form with options the one that confines. */
import type * as cp from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { promisify } from 'node:util'
import type { Confined } from '../launch/target.ts'

// Also none of them, for a value that is confined or not.
type Option = Confined | { readonly profile?: never; readonly stack?: never }

type Args = readonly string[]
type MaybeArgs = Args | undefined | null
type Stdio = cp.StdioNull | cp.StdioPipe
type IfPiped<S, T> = S extends cp.StdioPipe ? T : null
type ByStdio<I, O, E> = cp.ChildProcessByStdio<
  IfPiped<I, Writable>,
  IfPiped<O, Readable>,
  IfPiped<E, Readable>
>
type Callback<Error, Output> = (error: Error | null, stdout: Output, stderr: Output) => void
type Output<T> = cp.PromiseWithChild<{ stdout: T; stderr: T }>

type WithoutStdio = cp.SpawnOptionsWithoutStdio & Option
type Tuple<I extends Stdio, O extends Stdio, E extends Stdio> = cp.SpawnOptionsWithStdioTuple<
  I,
  O,
  E
> &
  Option

/** `spawn` of node:child_process, with `profile` or `stack`. */
export type Spawn = typeof cp.spawn & {
  (command: string, options: WithoutStdio): cp.ChildProcessWithoutNullStreams
  <I extends Stdio, O extends Stdio, E extends Stdio>(
    command: string,
    options: Tuple<I, O, E>,
  ): ByStdio<I, O, E>
  (command: string, options: cp.SpawnOptions & Option): cp.ChildProcess
  (
    command: string,
    args: Args | undefined,
    options: WithoutStdio,
  ): cp.ChildProcessWithoutNullStreams
  <I extends Stdio, O extends Stdio, E extends Stdio>(
    command: string,
    args: Args,
    options: Tuple<I, O, E>,
  ): ByStdio<I, O, E>
  (command: string, args: Args, options: cp.SpawnOptions & Option): cp.ChildProcess
}

type SpawnSyncText = cp.SpawnSyncOptionsWithStringEncoding & Option
type SpawnSyncBuffer = cp.SpawnSyncOptionsWithBufferEncoding & Option
type SpawnSyncAny = cp.SpawnSyncOptions & Option

/** `spawnSync` of node:child_process, with `profile` or `stack`. */
export type SpawnSync = typeof cp.spawnSync & {
  (command: string, options: SpawnSyncText): cp.SpawnSyncReturns<string>
  (command: string, options: SpawnSyncBuffer): cp.SpawnSyncReturns<Buffer>
  (command: string, options: SpawnSyncAny): cp.SpawnSyncReturns<string | Buffer>
  (command: string, args: Args | undefined, options: SpawnSyncText): cp.SpawnSyncReturns<string>
  (command: string, args: Args | undefined, options: SpawnSyncBuffer): cp.SpawnSyncReturns<Buffer>
  (
    command: string,
    args: Args | undefined,
    options: SpawnSyncAny,
  ): cp.SpawnSyncReturns<string | Buffer>
}

type ExecBuffer = cp.ExecOptionsWithBufferEncoding & Option
type ExecText = cp.ExecOptionsWithStringEncoding & Option
type ExecAny = cp.ExecOptions & Option

type PromisedExec = typeof cp.exec.__promisify__ & {
  (command: string, options: ExecBuffer): Output<Buffer>
  (command: string, options: ExecText): Output<string>
  (command: string, options: ExecAny): Output<string | Buffer>
}

/** `exec` of node:child_process, with `profile` or `stack`. */
export type Exec = typeof cp.exec & {
  (
    command: string,
    options: ExecBuffer,
    callback?: Callback<cp.ExecException, Buffer>,
  ): cp.ChildProcess
  (
    command: string,
    options: ExecText,
    callback?: Callback<cp.ExecException, string>,
  ): cp.ChildProcess
  (
    command: string,
    options: ExecAny,
    callback?: Callback<cp.ExecException, string | Buffer>,
  ): cp.ChildProcess
  readonly __promisify__: PromisedExec
  readonly [promisify.custom]: PromisedExec
}

type ExecFileBuffer = cp.ExecFileOptionsWithBufferEncoding & Option
type ExecFileText = cp.ExecFileOptionsWithStringEncoding & Option
type ExecFileAny = cp.ExecFileOptions & Option

type PromisedExecFile = typeof cp.execFile.__promisify__ & {
  (file: string, options: ExecFileBuffer): Output<Buffer>
  (file: string, args: MaybeArgs, options: ExecFileBuffer): Output<Buffer>
  (file: string, options: ExecFileText): Output<string>
  (file: string, args: MaybeArgs, options: ExecFileText): Output<string>
  (file: string, options: ExecFileAny): Output<string | Buffer>
  (file: string, args: MaybeArgs, options: ExecFileAny): Output<string | Buffer>
}

/** `execFile` of node:child_process, with `profile` or `stack`. */
export type ExecFile = typeof cp.execFile & {
  (
    file: string,
    options: ExecFileBuffer,
    callback?: Callback<cp.ExecFileException, Buffer>,
  ): cp.ChildProcess
  (
    file: string,
    args: MaybeArgs,
    options: ExecFileBuffer,
    callback?: Callback<cp.ExecFileException, Buffer>,
  ): cp.ChildProcess
  (
    file: string,
    options: ExecFileText,
    callback?: Callback<cp.ExecFileException, string>,
  ): cp.ChildProcess
  (
    file: string,
    args: MaybeArgs,
    options: ExecFileText,
    callback?: Callback<cp.ExecFileException, string>,
  ): cp.ChildProcess
  (
    file: string,
    options: ExecFileAny,
    callback?: Callback<cp.ExecFileException, string | Buffer>,
  ): cp.ChildProcess
  (
    file: string,
    args: MaybeArgs,
    options: ExecFileAny,
    callback?: Callback<cp.ExecFileException, string | Buffer>,
  ): cp.ChildProcess
  readonly __promisify__: PromisedExecFile
  readonly [promisify.custom]: PromisedExecFile
}

/** `execSync` of node:child_process, with `profile` or `stack`. */
export type ExecSync = typeof cp.execSync & {
  (command: string, options: cp.ExecSyncOptionsWithStringEncoding & Option): string
  (command: string, options: cp.ExecSyncOptionsWithBufferEncoding & Option): Buffer
  (command: string, options: cp.ExecSyncOptions & Option): string | Buffer
}

type ExecFileSyncText = cp.ExecFileSyncOptionsWithStringEncoding & Option
type ExecFileSyncBuffer = cp.ExecFileSyncOptionsWithBufferEncoding & Option
type ExecFileSyncAny = cp.ExecFileSyncOptions & Option

/** `execFileSync` of node:child_process, with `profile` or `stack`. */
export type ExecFileSync = typeof cp.execFileSync & {
  (file: string, options: ExecFileSyncText): string
  (file: string, options: ExecFileSyncBuffer): Buffer
  (file: string, options: ExecFileSyncAny): string | Buffer
  (file: string, args: Args | undefined, options: ExecFileSyncText): string
  (file: string, args: Args | undefined, options: ExecFileSyncBuffer): Buffer
  (file: string, args: Args | undefined, options: ExecFileSyncAny): string | Buffer
}

/** `fork` of node:child_process, with `profile` or `stack`. */
export type Fork = typeof cp.fork & {
  (modulePath: string | URL, options: cp.ForkOptions & Option): cp.ChildProcess
  (
    modulePath: string | URL,
    args: Args | undefined,
    options: cp.ForkOptions & Option,
  ): cp.ChildProcess
}
