// clang-tidy over src/, with the checks of .clang-tidy: npm run check:tidy [-- FILE…]
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { readGyp } from '../prebuild/gyp.js'
import { run } from '../prebuild/programs.js'
import { need } from './programs.js'

const require = createRequire(import.meta.url)

need('clang-tidy', 'clang-tidy')
const gyp = await readGyp('binding.gyp')
const files = process.argv.length > 2 ? process.argv.slice(2) : gyp.sources
const system = (await run('pkg-config', ['--cflags', 'libapparmor'])).trim()
const flags = [
  ...gyp.defines.map((define) => `-D${define}`),
  ...gyp.cflags_cc,
  ...system.split(/\s+/).filter(Boolean),
  '-Isrc',
  '-isystem',
  require('node-api-headers').include_dir,
  '-isystem',
  'node_modules/node-addon-api',
]
const { status } = spawnSync('clang-tidy', ['--quiet', ...files, '--', ...flags], {
  stdio: 'inherit',
})
if (status === 0) console.log(`clang-tidy: ${files.length} files, no finding`)
process.exitCode = status ?? 1
