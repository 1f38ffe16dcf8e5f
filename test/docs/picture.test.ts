import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import t from 'tap'

t.test('the picture shows what the example prints: npm run docs:picture', async (t) => {
  const tool = pathToFileURL('tools/docs/picture.js').href
  const { PICTURE, picture } = (await import(tool)) as { PICTURE: string; picture(): string }
  t.equal(readFileSync(PICTURE, 'utf8'), picture())
})

t.test(
  'the page of benchmarks and its plots show the stored run: npm run docs:benchmarks',
  async (t) => {
    const tool = pathToFileURL('tools/docs/benchmarks.js').href
    const { pages } = (await import(tool)) as {
      pages(results: object): ReadonlyMap<string, string>
    }
    const files = pages(JSON.parse(readFileSync('docs/benchmarks.json', 'utf8')))
    t.ok(files.has('benchmarks.md'))
    for (const [name, text] of files) t.equal(readFileSync(`docs/${name}`, 'utf8'), text, name)
  },
)

t.test('a plot has a line for each name, and a bar for each value', async (t) => {
  const tool = pathToFileURL('tools/docs/plot.js').href
  const { draw } = (await import(tool)) as { draw(plot: object, title: string): string }
  const curve = draw(
    {
      x: 'threads',
      y: 'ms',
      rows: [
        [1, { a: 2, b: 4 }],
        [5, { a: 9, b: 1 }],
      ],
    },
    'A & B',
  )
  t.equal(curve.match(/<polyline/g)?.length, 2)
  t.match(curve, '<title>A &amp; B</title>')
  const bars = draw({ x: 'call', y: 'ms', rows: [['spawn', { a: 2, b: 4 }]] }, 'C')
  t.equal(bars.match(/<polyline/g), null)
  t.match(bars, />spawn</)
})
