/** What runs in the page. It reads names from attributes only, and never makes markup of them. */
export const SCRIPT = `'use strict'
const all = (selector) => Array.from(document.querySelectorAll(selector))
const find = document.getElementById('find')
const found = document.getElementById('found')
const rows = all('[data-find]')
const boxes = all('.box')
const lines = all('.line')
const svg = document.querySelector('.stage svg')
const whole = svg && svg.getAttribute('viewBox').split(' ').map(Number)
let view = whole && whole.slice()

function look() { svg.setAttribute('viewBox', view.join(' ')) }

function zoom(factor, x, y) {
  if (factor === 0) { view = whole.slice(); return look() }
  if (view[2] * factor < 60 || view[2] * factor > whole[2] * 8 + 2000) return
  view = [x - (x - view[0]) * factor, y - (y - view[1]) * factor, view[2] * factor, view[3] * factor]
  look()
}

function place(event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse())
  return [point.x, point.y]
}

function mark(names) {
  for (const box of boxes) {
    const is = names !== null && names.has(box.dataset.name)
    box.classList.toggle('found', is)
    box.classList.toggle('faded', names !== null && !is)
  }
  for (const line of lines) {
    const is = names === null || names.has(line.dataset.from) || names.has(line.dataset.to)
    line.classList.toggle('faded', !is)
  }
}

function search() {
  const text = find.value.trim().toLowerCase()
  let count = 0
  for (const row of rows) {
    row.hidden = !row.dataset.find.toLowerCase().includes(text)
    if (!row.hidden) count++
  }
  const names = new Set(boxes.map((box) => box.dataset.name).filter((name) => name.toLowerCase().includes(text)))
  mark(text === '' ? null : names)
  found.textContent = text === '' ? '' : (count + names.size) + ' found'
}

function goToFirst() {
  const box = document.querySelector('.box.found rect')
  if (!svg || !box) return
  const at = (name) => Number(box.getAttribute(name))
  const width = Math.min(whole[2], 700)
  const height = width * whole[3] / whole[2]
  view = [at('x') + at('width') / 2 - width / 2, at('y') - height / 2, width, height]
  look()
}

find.addEventListener('input', search)
find.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') goToFirst()
  if (event.key === 'Escape') { find.value = ''; search() }
})
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== find) { event.preventDefault(); find.focus() }
})
for (const button of all('[data-zoom]')) {
  button.addEventListener('click', () =>
    zoom(Number(button.dataset.zoom), view[0] + view[2] / 2, view[1] + view[3] / 2))
}
if (svg) {
  let from = null
  svg.addEventListener('wheel', (event) => {
    event.preventDefault()
    zoom(event.deltaY < 0 ? 0.85 : 1 / 0.85, ...place(event))
  }, { passive: false })
  svg.addEventListener('pointerdown', (event) => { from = place(event) })
  svg.addEventListener('pointermove', (event) => {
    if (from === null || event.buttons === 0) return
    const [x, y] = place(event)
    view[0] += from[0] - x
    view[1] += from[1] - y
    look()
  })
  svg.addEventListener('click', (event) => {
    const box = event.target.closest('.box')
    if (!box) return mark(null)
    const { name } = box.dataset
    const names = new Set([name])
    for (const { dataset } of lines) {
      if (dataset.from === name) names.add(dataset.to)
      if (dataset.to === name) names.add(dataset.from)
    }
    mark(names)
    for (const line of lines) {
      line.classList.toggle('faded', line.dataset.from !== name && line.dataset.to !== name)
    }
  })
}
`
