// Draws the numbers of a bench as SVG: lines where the x axis has numbers, else bars. It is readable on a light and on a
// dark page.

/** @typedef {readonly (readonly [number | string, Readonly<Record<string, number>>])[]} Rows */
/** @typedef {{ name: string, x: string, y: string, rows: Rows }} Plot */

const WIDTH = 640
const HEIGHT = 320
const LEFT = 60
const RIGHT = 30
const BOTTOM = 48
const LINE = 20
const COLOURS = ['#6e7781', '#0969da', '#bc4c00', '#1a7f37']

const escape = (/** @type {string} */ text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const round = (/** @type {number} */ number) => Number(number.toFixed(1))

/** A number for people: three digits. @param {number} value */
const shown = (value) => String(Number(value.toPrecision(3)))

/** Steps of 1, 2 or 5 for an axis up to `most`, and its end. @param {number} most */
function ticks(most) {
  const rough = most / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) =>
    Number((index * step).toPrecision(6)),
  )
}

/**
 * @param {number} x @param {number} y @param {string} text
 * @param {string} [more] attributes
 */
const label = (x, y, text, more = '') =>
  `  <text x="${round(x)}" y="${round(y)}" ${more}>${escape(text)}</text>`

/**
 * @param {Plot} plot
 * @param {string} title what a reader who does not see it is told
 */
export function draw({ x, y, rows }, title) {
  const names = [...new Set(rows.flatMap(([, values]) => Object.keys(values)))]
  const top = 16 + LINE * (names.length + 1)
  const bottom = HEIGHT - BOTTOM
  const marks = ticks(Math.max(...rows.flatMap(([, values]) => Object.values(values))))
  const most = marks.at(-1) ?? 1
  const toY = (/** @type {number} */ value) => bottom - (value / most) * (bottom - top)
  const isCurve = rows.every(([at]) => typeof at === 'number')
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="#1f2328">`,
    `  <title>${escape(title)}</title>`,
    `  <rect width="${WIDTH}" height="${HEIGHT}" rx="10" fill="#f6f8fa" stroke="#d0d7de"/>`,
    label(16, 24, y, 'fill="#59636e"'),
    ...names.flatMap((name, index) => [
      `  <rect x="16" y="${24 + LINE * index + 9}" width="12" height="12" rx="2" fill="${colour(index)}"/>`,
      label(34, 24 + LINE * index + 20, name),
    ]),
    ...marks.flatMap((mark) => [
      `  <line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(toY(mark))}" y2="${round(toY(mark))}" stroke="#d0d7de"/>`,
      label(LEFT - 8, toY(mark) + 4, shown(mark), 'text-anchor="end" fill="#59636e"'),
    ]),
    ...(isCurve ? curve(rows, names, toY, bottom) : bars(rows, names, toY, bottom)),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x, 'text-anchor="middle" fill="#59636e"'),
    '</svg>\n',
  ].join('\n')
}

const colour = (/** @type {number} */ index) => COLOURS[index % COLOURS.length]

/** @param {Rows} rows @param {readonly string[]} names @param {(value: number) => number} toY @param {number} bottom */
function curve(rows, names, toY, bottom) {
  const most = Math.max(...rows.map(([at]) => Number(at)))
  const toX = (/** @type {number | string} */ at) =>
    LEFT + (Number(at) / most) * (WIDTH - RIGHT - LEFT)
  return [
    ...rows.map(([at]) =>
      label(toX(at), bottom + 18, String(at), 'text-anchor="middle" fill="#59636e"'),
    ),
    ...names.flatMap((name, index) => {
      const points = rows.map(([at, values]) => [round(toX(at)), round(toY(values[name] ?? 0))])
      return [
        `  <polyline points="${points.join(' ')}" fill="none" stroke="${colour(index)}" stroke-width="2"/>`,
        ...points.map(
          ([cx, cy]) => `  <circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour(index)}"/>`,
        ),
      ]
    }),
  ]
}

/** @param {Rows} rows @param {readonly string[]} names @param {(value: number) => number} toY @param {number} bottom */
function bars(rows, names, toY, bottom) {
  const group = (WIDTH - RIGHT - LEFT) / rows.length
  const width = Math.min(64, (group * 0.7) / names.length)
  return rows.flatMap(([at, values], place) => {
    const middle = LEFT + group * (place + 0.5)
    const from = middle - (width * names.length) / 2
    return [
      ...names.flatMap((name, index) => {
        const value = values[name] ?? 0
        const x = from + width * index
        return [
          `  <rect x="${round(x + 2)}" y="${round(toY(value))}" width="${round(width - 4)}" height="${round(bottom - toY(value))}" fill="${colour(index)}"/>`,
          label(x + width / 2, toY(value) - 5, shown(value), 'text-anchor="middle"'),
        ]
      }),
      label(middle, bottom + 18, String(at), 'text-anchor="middle" fill="#59636e"'),
    ]
  })
}
