// What the npm package is made of, to the file: what is not here is not published, by mistake or otherwise.
import { execFileSync } from 'node:child_process'
import { entries, isForCommonJs } from '../build-ts.js'
import { prebuiltFiles } from '../prebuild/targets.js'

/** Below node_modules in the repository, below include in the package. */
export const HEADERS = ['LICENSE.md', 'napi-inl.h', 'napi.h'].map(
  (name) => `node-addon-api/${name}`,
)

/** What the entries share, and the commands; the bundler decides how many files that makes. */
const CHUNK = /^dist\/((\w+_)?anywhere\.js|children\.js|shared\d*\.(js|d\.ts)|cli_[\w-]+\.js)$/

const FIXED = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'THIRD-PARTY-NOTICES.md',
  'binding.gyp',
  'dist/apparmor.1',
  'dist/cli.js',
  ...entries().flatMap((name) =>
    ['js', 'd.ts', ...(isForCommonJs(name) ? ['cjs', 'd.cts'] : [])].map(
      (ending) => `dist/${name}.${ending}`,
    ),
  ),
  ...HEADERS.map((file) => `include/${file}`),
  'package.json',
  'prebuilds/README.md',
  ...prebuiltFiles().map((file) => `prebuilds/${file}`),
  'tools/build-launcher.js',
  'tools/build-native.js',
]

/** The sources, the pages and the examples as git has them. */
export function expectedFiles() {
  const places = ['src', 'licenses', 'docs/*.md', 'docs/public', 'examples']
  const tracked = execFileSync('git', ['ls-files', ...places], { encoding: 'utf8' })
  return [...FIXED, ...tracked.trimEnd().split('\n')].sort()
}

/**
 * @param {readonly string[]} files
 * @returns {string[]} a sentence for each difference
 */
export function compareContents(files) {
  const expected = expectedFiles()
  return [
    ...expected.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...files
      .filter((file) => !expected.includes(file) && !CHUNK.test(file))
      .map((file) => `${file} is surplus`),
  ]
}
