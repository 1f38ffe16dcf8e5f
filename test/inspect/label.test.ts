import { formatLabel, labelIncludes, parseLabel } from 'apparmor'
import fc from 'fast-check'
import t from 'tap'
import { splitCon } from '#lib/inspect/label.js'

const part = (namespace: string | null, ...path: string[]) => ({
  namespace,
  name: path.join('//'),
  path,
})

t.test('parseLabel: a profile, its children, its namespace', async (t) => {
  t.strictSame(parseLabel('web'), [part(null, 'web')])
  t.strictSame(parseLabel('unconfined'), [part(null, 'unconfined')])
  t.strictSame(parseLabel('web//hat//deeper'), [part(null, 'web', 'hat', 'deeper')])
  t.strictSame(parseLabel(':ns://web//hat'), [part('ns', 'web', 'hat')], 'as the kernel prints it')
  t.strictSame(parseLabel(':ns:web//hat'), [part('ns', 'web', 'hat')], 'as it also takes it')
  t.strictSame(parseLabel(':a//b://web'), [part('a//b', 'web')], 'a namespace in a namespace')
  t.strictSame(parseLabel('/usr/bin/a b'), [part(null, '/usr/bin/a b')], 'a path with a space')
  t.strictSame(parseLabel('a:b'), [part(null, 'a:b')], 'a colon inside is part of the name')
  t.strictSame(parseLabel('a\nb'), [part(null, 'a\nb')], 'a newline too')
})

t.test('parseLabel: a stack, in the order of the label', async (t) => {
  t.strictSame(parseLabel('a//&:ns://b//hat'), [part(null, 'a'), part('ns', 'b', 'hat')])
  t.strictSame(
    parseLabel('a//&b//&c').map(({ name }) => name),
    ['a', 'b', 'c'],
  )
  const printed = [part(null, 'own'), part('ns', 'a'), part('ns', 'b'), part('ns2', 'c')]
  t.strictSame(parseLabel('own//&:ns:a//&b//&:ns2:c'), printed, 'the kernel names a namespace once')
})

t.test('parseLabel: no profile of a stack is lost', async (t) => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[/:&\0]/.test(text))
  const namespace = fc.option(name)
  const parts = fc.array(fc.tuple(namespace, fc.array(name, { minLength: 1 })), { minLength: 1 })
  fc.assert(
    fc.property(parts, (parts) => {
      const texts = parts.map(([namespace, path]) =>
        [namespace === null ? '' : `:${namespace}://`, path.join('//')].join(''),
      )
      let last: string | null = null
      const expected = parts.map(([namespace, path]) => part((last = namespace ?? last), ...path))
      t.strictSame(parseLabel(texts.join('//&')), expected)
    }),
    { numRuns: 200 },
  )
})

t.test('splitCon: the mode is the last word', async (t) => {
  t.strictSame(splitCon('web (enforce)'), { label: 'web', mode: 'enforce' })
  t.strictSame(splitCon('unconfined'), { label: 'unconfined', mode: null })
  t.strictSame(splitCon('a//&b (mixed)'), { label: 'a//&b', mode: 'mixed' })
  for (const mode of ['complain', 'kill', 'unconfined', 'mixed', 'prompt']) {
    t.equal(splitCon(`web (${mode})`).mode, mode)
  }
  t.equal(splitCon('web (user)').mode, 'prompt', "the kernel's older word for prompt")
})

t.test('splitCon: a name may hold anything', async (t) => {
  t.strictSame(splitCon('(odd) (enforce) (enforce)'), { label: '(odd) (enforce)', mode: 'enforce' })
  t.strictSame(splitCon('a\nb (kill)'), { label: 'a\nb', mode: 'kill' })
  t.strictSame(splitCon('web(enforce)'), { label: 'web(enforce)', mode: null })
  t.strictSame(splitCon('web (loud)'), { label: 'web (loud)', mode: null }, 'no mode we know')
  t.strictSame(splitCon(' (enforce)'), { label: ' (enforce)', mode: null }, 'no name')
})

t.test('formatLabel: what parseLabel takes apart', async (t) => {
  t.equal(formatLabel([{ name: 'a' }, { namespace: 'ns', name: 'b//hat' }]), 'a//&:ns://b//hat')
  t.equal(formatLabel(parseLabel(':ns:web')), ':ns://web', 'as the kernel prints it')
  t.equal(formatLabel([{ namespace: 'ns', name: '' }]), ':ns://', 'a namespace alone')
})

t.test('formatLabel: parts that would come back as others are refused', async (t) => {
  const error = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' }
  t.throws(() => formatLabel([]), error)
  t.throws(() => formatLabel([{ name: '' }]), error)
  t.throws(() => formatLabel([{ name: 'a//&b' }]), error)
  t.throws(() => formatLabel([{ name: ':ns:a' }]), error)
  t.throws(() => formatLabel([{ namespace: 'a:b', name: 'c' }]), error)
  t.throws(() => formatLabel([{ namespace: 'ns', name: 'a' }, { name: 'b' }]), error)
  t.throws(() => formatLabel([{} as { name: string }]), { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('parse and format are each other turned round', async () => {
  const word = fc.string({ minLength: 1, unit: fc.constantFrom(...'ab/:&. (é') })
  const part = fc.tuple(fc.option(word), word).map(([namespace, name]) => ({ namespace, name }))
  const parts = fc.array(part, { minLength: 1, maxLength: 4 })
  const format = (parts: Parameters<typeof formatLabel>[0]) => {
    try {
      return formatLabel(parts)
    } catch {
      return null // no label means these parts
    }
  }
  fc.assert(
    fc.property(parts, (parts) => {
      const label = format(parts)
      if (label === null) return
      const again = parseLabel(label).map(({ namespace, name }) => ({ namespace, name }))
      t.strictSame(again, parts)
      t.equal(formatLabel(parseLabel(label)), label)
    }),
    { numRuns: 500 },
  )
})

t.test('labelIncludes: a stack is a set of its parts', async (t) => {
  t.equal(labelIncludes('own//&:ns:a//&b', ':ns://b'), true)
  t.equal(labelIncludes('own//&:ns:a//&b', 'b'), false, 'a namespace goes for the parts behind it')
  type Parts = Parameters<typeof formatLabel>[0]
  const isOwn = ({ namespace = null }: Parts[number]) => namespace === null
  const format = (parts: Parts) =>
    formatLabel([...parts.filter(isOwn), ...parts.filter((part) => !isOwn(part))])
  const word = fc.string({ minLength: 1, unit: fc.constantFrom(...'abc.é ') })
  const part = fc.record({ namespace: fc.option(word), name: word })
  const parts = fc.uniqueArray(part, {
    minLength: 1,
    maxLength: 5,
    selector: (p) => formatLabel([p]),
  })
  fc.assert(
    fc.property(parts, fc.func(fc.boolean()), part, (parts, choose, other) => {
      const label = format(parts)
      t.ok(labelIncludes(label, label))
      t.ok(labelIncludes(label, format(parts.toReversed())), 'in any order')
      const some = parts.filter(choose)
      if (some.length > 0) t.ok(labelIncludes(label, format(some)), 'a part of it')
      if (some.length > 0) t.equal(labelIncludes(format(some), label), some.length === parts.length)
      const single = formatLabel([other])
      t.equal(
        labelIncludes(label, single),
        parts.some((part) => formatLabel([part]) === single),
      )
    }),
    { numRuns: 300 },
  )
})
