/**
 * Node's own modules. Not by ES imports, which take milliseconds at start-up: they evaluate whatever a module
 * exports, `fs.promises` too.
 */
import { createRequire } from 'node:module'

export const require: NodeJS.Require = createRequire(import.meta.url)

/** One of Node's modules, for code that seldom runs. */
export const builtin: typeof process.getBuiltinModule = require

export const fs: typeof import('node:fs') = require('node:fs')
export const path: typeof import('node:path') = require('node:path')
export const url: typeof import('node:url') = require('node:url')
export const util: typeof import('node:util') = require('node:util')
