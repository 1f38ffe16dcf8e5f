// Makes an image gray. It stands for a large converter with a hole: a comment in the image makes it print a file.
//
//   node gray.js INPUT.ppm OUTPUT.pgm
import { readFileSync, writeFileSync } from 'node:fs'

const [, , input, output] = process.argv
const text = readFileSync(input, 'utf8')
const hole = /^# include (.*)$/m.exec(text)
if (hole) console.log(readFileSync(hole[1], 'utf8'))

const [, width, height, depth, ...samples] = text.replaceAll(/#.*/g, '').trim().split(/\s+/)
const gray = Array.from({ length: width * height }, (_, pixel) =>
  Math.round((+samples[3 * pixel] + +samples[3 * pixel + 1] + +samples[3 * pixel + 2]) / 3),
)
writeFileSync(output, `P2 ${width} ${height} ${depth}\n${gray.join(' ')}\n`)
