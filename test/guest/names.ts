// Asks the kernel for a great many names, and reports where its reading of one and ours differ.
//
//   names.js PROFILE NAMESPACE
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { labelIncludes, parseLabel } from 'apparmor'
import { nameFault, nameParts } from '#lib/border/name.js'
import { decode, encode } from '#lib/border/text.js'
import { splitCon } from '#lib/inspect/label.js'
import { everyName, NAMELESS } from '../support/names.ts'
import { codeOf, report } from './look.ts'

const [profile = '', namespace = ''] = process.argv.slice(2)
const attr = openSync('/proc/thread-self/attr/apparmor/exec', 'r+')
const answer = Buffer.alloc(4096)

/** What the next exec of this thread would run under; null when the kernel refuses the name. */
function ask(name: string): string | null {
  try {
    writeSync(attr, Buffer.from(`exec ${encode(name)}`, 'latin1'), null, null, 0)
  } catch (error) {
    if (['ENOENT', 'EINVAL'].includes(codeOf(error))) return null
    throw error
  }
  const size = readSync(attr, answer, 0, answer.length, 0)
  return splitCon(decode(answer.toString('latin1', 0, size).replace(/\n$/, ''))).label
}

/** The label that the name means, to our reading: a namespace goes for the parts behind it, too. */
function meant(name: string): string {
  let last: string | null = null
  const parts = nameParts(name).map(({ namespace, name }) => {
    last = namespace ?? last
    return last === null ? name : `:${last}://${name}`
  })
  return parts.join('//&')
}

const stacksTwice = (name: string): boolean => /^[\s\udca0]*&[\s\udca0]*&/u.test(name)
const own = 'unconfined'

const names = [...everyName(profile, namespace), ...NAMELESS]
const counts = { names: names.length, taken: 0, refused: 0, unconfined: 0 }
const wrong: string[] = []
for (const name of names) {
  if (name === '' || /^[\s\udca0]+$/u.test(name)) continue
  const label = ask(name)
  if (label === null) continue
  const parts = parseLabel(label)
  if (nameFault(name) === undefined) {
    counts.taken++
    const same = labelIncludes(label, meant(name))
    const more = parts.filter((part) => !labelIncludes(meant(name), labelOf(part)))
    if (!same || more.some((part) => !stacksTwice(name) || labelOf(part) !== own)) {
      wrong.push(`taken: ${JSON.stringify(name)} is ${label}`)
    }
  } else {
    counts.refused++
    if (label === own) counts.unconfined++
    const unnamed = parts.some((part) => part.name === 'unconfined')
    const unplaced = nameParts(name).some((part) => part.namespace === '')
    if (!unnamed && !unplaced) wrong.push(`refused: ${JSON.stringify(name)} is ${label}`)
  }
}
closeSync(attr)
report({ counts, wrong: wrong.slice(0, 20) })

function labelOf({ namespace, name }: ReturnType<typeof parseLabel>[number]): string {
  return namespace === null ? name : `:${namespace}://${name}`
}
