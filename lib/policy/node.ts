/**
 * Policy of AppArmor as code: read, written, compiled, loaded.
 *
 * This is the whole of `apparmor/policy`. The part that needs no kernel, no compiler and no Node is in `index.ts`.
 *
 * @module policy
 */
export * from './index.ts'
export { expectPolicy } from './expect_kernel.ts'
export type { KernelExpectOptions } from './expect_kernel.ts'
export { check, compile } from './compile/compile.ts'
export type {
  CompiledPolicy,
  CompiledProfile,
  CompileOptions,
  PolicySource,
} from './compile/compile.ts'
export type { Diagnostic } from './compile/diagnostic.ts'
export { PolicyCompileError } from './compile/error.ts'
export type { Allowed } from './compile/lint.ts'
export { PolicyDangerError } from './lint/error.ts'
export { resolveIncludes } from './compile/resolve.ts'
export type { IncludePlaces } from './compile/resolve.ts'
export { lint, supports } from './here.ts'
export type { LoadableSource } from './load/input.ts'
export { load, replace } from './load/load.ts'
export type { LoadOptions, LoadReport } from './load/load.ts'
export { setMode } from './load/mode.ts'
export type { LoadableMode } from './load/mode.ts'
export { sync } from './sync/sync.ts'
export type { SyncOptions, SyncProgress, SyncReport, SyncStep } from './sync/sync.ts'
export { remove } from './load/remove.ts'
export type { RemovableSource, RemoveOptions } from './load/remove.ts'
export * as cache from './cache/cache.ts'
export type { CacheOptions } from './cache/cache.ts'
