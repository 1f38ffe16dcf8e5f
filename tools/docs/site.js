// Builds the site into docs/.vitepress/dist: the pages, the examples and the reference. A dead link is an error.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('../..', import.meta.url)))
const SITE = 'build/site'
const run = (/** @type {string} */ file, /** @type {string[]} */ ...args) =>
  execFileSync(file, args, { stdio: 'inherit' })

if (!existsSync('docs/node_modules')) run('npm', 'ci', '--prefix', 'docs', '--ignore-scripts')

rmSync(SITE, { recursive: true, force: true })
mkdirSync(`${SITE}/docs`, { recursive: true })
for (const file of readdirSync('docs').filter((name) => name.endsWith('.md')))
  cpSync(`docs/${file}`, `${SITE}/docs/${file}`)
cpSync('docs/public', `${SITE}/docs/public`, { recursive: true })
cpSync('examples', `${SITE}/examples`, {
  recursive: true,
  filter: (file) => !file.includes('.') || file.endsWith('.md'),
})
for (const file of ['SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'THIRD-PARTY-NOTICES.md'])
  cpSync(file, `${SITE}/${file}`)
// The first screen of the README is the home page's, too.
const readme = readFileSync('README.md', 'utf8')
const story = readme.slice(readme.indexOf('<img'), readme.indexOf('## What it does'))
writeFileSync(
  `${SITE}/index.md`,
  `${readFileSync('docs/home.txt', 'utf8')}\n## A real run\n\n${story}`,
)

writeFileSync(
  'build/typedoc.json',
  JSON.stringify({
    extends: ['../typedoc.json'],
    tsconfig: '../tsconfig.json',
    plugin: ['typedoc-plugin-markdown', 'typedoc-vitepress-theme'],
    out: 'site/reference',
    docsRoot: 'site',
  }),
)
run('node', 'docs/node_modules/typedoc/bin/typedoc', '--options', 'build/typedoc.json')
run('node', 'docs/node_modules/vitepress/bin/vitepress.js', 'build', 'docs')
