// npm run test:pages: the pages that the command makes, in Debian's Chromium: they load without network and without an
// error, the search finds, the picture zooms, and nothing that a name holds runs. Pictures of them lie in build/pages.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const BROWSER = '/usr/bin/chromium'
process.chdir(fileURLToPath(new URL('..', import.meta.url)))
if (!existsSync(BROWSER)) throw new Error('install the Debian package chromium first')
const place = 'build/pages'
mkdirSync(place, { recursive: true })

const HOSTILE =
  '</title></style><script>document.title="ran"</script><img src=x onerror="document.title=1">'
const many = Array.from(
  { length: 40 },
  (_, i) => `profile /usr/bin/tool${i} { /usr/bin/tool${(i * 7) % 40} px, }`,
)
writeFileSync(
  `${place}/policy`,
  `profile web /usr/bin/web { /usr/bin/a px -> "${HOSTILE.replaceAll('"', '\\"')}", change_profile -> other, ^hat { } }
profile other { /usr/bin/web px, }
${many.join('\n')}\n`,
)
const hex = Buffer.from(`/srv/${HOSTILE}\u001b[31m`).toString('hex').toUpperCase()
const lines = Array.from(
  { length: 300 },
  (_, i) =>
    `audit: type=1400 audit(${1795690704 + i * i}.769:${i}): apparmor="${i % 3 ? 'DENIED' : 'ALLOWED'}" operation="open" ` +
    `class="file" profile="web" name=${i % 9 ? Buffer.from(`/srv/${i % 20}`).toString('hex') : hex} pid=234 comm=${hex.slice(0, 28)} ` +
    'requested_mask="r" denied_mask="r" fsuid=0 ouid=0\n',
)
writeFileSync(`${place}/log`, lines.join(''))

/** @param {string} name @param {readonly string[]} args */
function make(name, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  assert.equal(status, 0, stderr)
  writeFileSync(`${place}/${name}`, stdout)
}
make('graph.html', 'graph', '--format', 'html', `${place}/policy`)
mkdirSync(`${place}/base`, { recursive: true })
writeFileSync(`${place}/base/policy`, spawnSync('cat', [`${place}/policy`]).stdout)
make('report.html', 'report', '--file', `${place}/log`, '--base', `${place}/base`)

const browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] })
try {
  for (const name of ['graph', 'report']) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      for (const width of [400, 1280]) await visit(name, colorScheme, width)
    }
  }
} finally {
  await browser.close()
}

/** @param {string} name @param {'light' | 'dark'} colorScheme @param {number} width */
async function visit(name, colorScheme, width) {
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
  /** @type {string[]} */
  const bad = []
  page.on('console', (message) => message.type() === 'error' && bad.push(message.text()))
  page.on('pageerror', (error) => bad.push(String(error)))
  page.on('request', (request) => /^(file|data):/.test(request.url()) || bad.push(request.url()))
  await page.goto(pathToFileURL(`${place}/${name}.html`).href)
  const title = await page.title()
  await page.screenshot({ path: `${place}/${name}-${colorScheme}-${width}.png`, fullPage: true })
  const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  assert.ok(Number(overflow) <= 0, `${name} at ${width} is ${overflow} pixels too wide`)
  await page.fill('#find', 'tool3')
  assert.match((await page.textContent('#found')) ?? '', /^[1-9]\d* found$/)
  assert.ok((await page.locator('.box.faded').count()) > 0)
  const view = () => page.locator('.stage svg').getAttribute('viewBox')
  const before = await view()
  await page.click('[data-zoom="0.8"]')
  assert.notEqual(await view(), before)
  await page.click('[data-zoom="0"]')
  assert.equal(await view(), before)
  assert.equal(await page.title(), title)
  assert.deepEqual(bad, [])
  console.log(`✓ ${name}, ${colorScheme}, ${width} wide`)
  await page.close()
}
