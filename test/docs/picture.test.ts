import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import t from 'tap'

t.test('the picture shows what the example prints: npm run docs:picture', async (t) => {
  const tool = pathToFileURL('tools/docs/picture.js').href
  const { PICTURE, picture } = (await import(tool)) as { PICTURE: string; picture(): string }
  t.equal(readFileSync(PICTURE, 'utf8'), picture())
})
