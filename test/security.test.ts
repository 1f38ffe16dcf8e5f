import { readFileSync } from 'node:fs'
import t from 'tap'

const ROW = /^\| .* \| .* \| (test\/\S+) › (.*?) *\|$/gm

t.test('each threat of the security model is shown by a test that is there', async (t) => {
  const rows = [...readFileSync('docs/security-model.md', 'utf8').matchAll(ROW)]
  t.ok(rows.length > 20, `${rows.length} threats`)
  for (const [, file = '', name = ''] of rows) {
    t.ok(readFileSync(file, 'utf8').includes(name), `${file} › ${name}`)
  }
})
