// What the npm package is made of, to the file: what is not here is not published, by mistake or otherwise.
import { execFileSync } from 'node:child_process'

const FIXED = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'THIRD-PARTY-NOTICES.md',
  'binding.gyp',
  'dist/child_process.js',
  'dist/index.js',
  'dist/shared.js',
  'package.json',
  ...['x64', 'arm64'].flatMap((arch) =>
    ['apparmor-launcher', 'apparmor.glibc.node', 'apparmor.musl.node'].map(
      (name) => `prebuilds/linux-${arch}/${name}`,
    ),
  ),
  'tools/build-launcher.js',
  'tools/build-native.js',
  'tools/install.js',
]

/** The sources and documents as git has them, and a declaration for each module. */
export function expectedFiles() {
  const tracked = execFileSync('git', ['ls-files', 'src', 'docs', 'licenses', 'lib'], {
    encoding: 'utf8',
  })
  const mirrored = tracked
    .trimEnd()
    .split('\n')
    .map((file) => file.replace(/^lib\/(.*)\.ts$/, 'dist/$1.d.ts'))
  return [...FIXED, ...mirrored].sort()
}

/**
 * @param {readonly string[]} files
 * @returns {string[]} a sentence for each difference
 */
export function compareContents(files) {
  const expected = expectedFiles()
  return [
    ...expected.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
    ...files.filter((file) => !expected.includes(file)).map((file) => `${file} is surplus`),
  ]
}
