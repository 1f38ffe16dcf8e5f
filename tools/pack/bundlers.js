// The installed package inside bundles, and beside one that leaves it where it is: what docs/install.md says of
// bundlers.
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npmPackages } from '../npm.js'
import { run } from './projects.js'

const PACKAGES = `
  esbuild@0.28.2 rollup@4.68.8 @rollup/plugin-node-resolve@16.0.3 webpack@5.113.0 webpack-cli@7.3.1 vite@8.3.8
  @vercel/ncc@0.45.0 @vercel/nft@1.11.5 postject@1.0.0-alpha.6 @oven/bun-linux-x64@1.4.5`
  .trim()
  .split(/\s+/)

const PROGRAM = `
import { isEnabled, setNative } from 'apparmor'
import { spawnSync } from 'apparmor/child_process'
const attempt = (call) => { try { return String(call()) } catch (error) { return error.code } }
const directory = process.env.FILES
const alone = attempt(isEnabled)
const named = attempt(() =>
  setNative({ addon: directory + '/apparmor.glibc.node', launcher: directory + '/apparmor-launcher' }))
const child = attempt(() => spawnSync('true', [], { profile: 'apparmor-test-missing' }))
console.log([alone, named, attempt(isEnabled), child].join(' '))
`

/** Without its files it says so; with them the kernel is asked. */
const BUNDLED = /^ERR_APPARMOR_NATIVE_MISSING undefined (true|false) E[A-Z]+\n$/
const EXTERNAL = /^(true|false) ERR_APPARMOR_NATIVE_LOADED (true|false) E[A-Z]+\n$/

const FILES = {
  'program.mjs': PROGRAM,
  'traced.mjs': `import { isEnabled } from 'apparmor'
import.meta.resolve('apparmor/prebuilds/linux-${process.arch}/apparmor.glibc.node')
import.meta.resolve('apparmor/prebuilds/linux-${process.arch}/apparmor-launcher')
console.log(isEnabled())
`,
  'trace.mjs': `import { createRequire } from 'node:module'
const { nodeFileTrace } = createRequire(process.argv[2])('@vercel/nft')
console.log([...(await nodeFileTrace(['traced.mjs'])).fileList].join('\\n'))
`,
  'webpack.config.cjs': `module.exports = {
  mode: 'production', target: 'node', entry: './program.mjs',
  output: { path: __dirname + '/out', filename: 'webpack.cjs' },
}
`,
  'vite.config.mjs': `export default {
  logLevel: 'error', ssr: { noExternal: true }, build: { ssr: 'program.mjs', outDir: 'out/vite' },
}
`,
  'sea.json':
    '{ "main": "out/esbuild.cjs", "output": "out/sea.blob", "disableExperimentalSEAWarning": true }',
}

/**
 * @param {string} project with the package below its node_modules
 * @returns {[name: string, check: () => void][]}
 */
export function bundlerChecks(project) {
  const modules = npmPackages('bundlers', PACKAGES)
  const program = (/** @type {string} */ name) => join(modules, '.bin', name)
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(project, name), text)
  rmSync(join(project, 'out'), { recursive: true, force: true })
  mkdirSync(join(project, 'out'))
  const prebuilds = join(project, 'node_modules/apparmor/prebuilds', `linux-${process.arch}`)

  const build = (/** @type {string} */ name, /** @type {readonly string[]} */ ...args) =>
    run(program(name), args, project)
  const expect = (/** @type {RegExp} */ pattern, /** @type {readonly string[]} */ ...command) => {
    const [file = '', ...args] = command
    const env = ['env', `FILES=${prebuilds}`, 'USER_PREBUILD=/nowhere', file, ...args]
    const said = run('env', env.slice(1), project)
    if (!pattern.test(said)) throw new Error(said)
  }
  const node = (/** @type {string} */ file) => expect(BUNDLED, process.execPath, join('out', file))
  const esbuild = (/** @type {string} */ format, /** @type {string} */ file, ...more) =>
    build(
      'esbuild',
      'program.mjs',
      '--bundle',
      '--platform=node',
      `--format=${format}`,
      `--outfile=out/${file}`,
      '--log-level=error',
      ...more,
    )
  const rollup = (/** @type {string} */ format, /** @type {string} */ file) =>
    build(
      'rollup',
      'program.mjs',
      '--silent',
      '-p',
      join(modules, '@rollup/plugin-node-resolve'),
      '-f',
      format,
      '-o',
      `out/${file}`,
    )
  return [
    [
      'esbuild, kept external',
      () => {
        esbuild('esm', 'external.mjs', '--external:apparmor')
        expect(EXTERNAL, process.execPath, 'out/external.mjs')
      },
    ],
    [
      'esbuild, ES module',
      () => {
        esbuild('esm', 'esbuild.mjs')
        node('esbuild.mjs')
      },
    ],
    [
      'esbuild, CommonJS',
      () => {
        esbuild('cjs', 'esbuild.cjs')
        node('esbuild.cjs')
      },
    ],
    [
      'rollup, ES module',
      () => {
        rollup('es', 'rollup.mjs')
        node('rollup.mjs')
      },
    ],
    [
      'rollup, CommonJS',
      () => {
        rollup('cjs', 'rollup.cjs')
        node('rollup.cjs')
      },
    ],
    [
      'webpack',
      () => {
        build('webpack', '-c', 'webpack.config.cjs')
        node('webpack.cjs')
      },
    ],
    [
      'Vite, noExternal',
      () => {
        build('vite', 'build')
        node('vite/program.mjs')
      },
    ],
    [
      'ncc',
      () => {
        build('ncc', 'build', 'program.mjs', '-o', 'out/ncc')
        node('ncc/index.mjs')
      },
    ],
    [
      'bun --compile',
      () => {
        const bun = join(modules, '@oven/bun-linux-x64/bin/bun')
        run(bun, ['build', '--compile', 'program.mjs', '--outfile', 'out/bun'], project)
        expect(BUNDLED, './out/bun')
      },
    ],
    [
      'a single executable of Node',
      () => {
        esbuild('cjs', 'esbuild.cjs')
        run(process.execPath, ['--experimental-sea-config', 'sea.json'], project)
        cpSync(process.execPath, join(project, 'out/sea'))
        chmodSync(join(project, 'out/sea'), 0o755)
        const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
        build('postject', 'out/sea', 'NODE_SEA_BLOB', 'out/sea.blob', '--sentinel-fuse', fuse)
        expect(BUNDLED, './out/sea')
      },
    ],
    [
      '@vercel/nft traces the files',
      () => {
        const said = run(process.execPath, ['trace.mjs', `${modules}/`], project)
        for (const file of ['apparmor.glibc.node', 'apparmor-launcher', 'node-gyp-build.js'])
          if (!said.includes(file)) throw new Error(`no ${file} in ${said}`)
      },
    ],
  ]
}
