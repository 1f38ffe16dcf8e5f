/**
 * Node's own modules. Not by ES imports, which take milliseconds at start-up: they evaluate whatever a module
 * exports, `fs.promises` too.
 */

/** One of Node's modules, for code that seldom runs. */
export const builtin: typeof process.getBuiltinModule = process.getBuiltinModule

export const fs: typeof import('node:fs') = builtin('node:fs')
export const path: typeof import('node:path') = builtin('node:path')
export const url: typeof import('node:url') = builtin('node:url')
export const util: typeof import('node:util') = builtin('node:util')
