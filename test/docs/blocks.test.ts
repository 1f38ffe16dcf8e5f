// Every block of code in the pages and in the docstrings is right: programs against the package's types, profiles
// by apparmor_parser, command lines by the shell and by the commands' own arguments.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type SchemaObject as Schema } from 'ajv/dist/2020.js'
import { Pod } from 'kubernetes-models/v1/Pod'
import t from 'tap'
import ts from 'typescript'
import { parse } from 'yaml'
import { COMMANDS } from '#lib/cli/commands.js'
import { reads } from '../support/apparmor_parser.ts'
import { exampleBlocks, pageBlocks, type Block } from '../support/doc_blocks.ts'

const PROGRAMS = new Set(['js', 'ts'])
const LANGUAGES = [...PROGRAMS, 'sh', 'json', 'yaml', 'apparmor', 'ini', 'console', 'text']

/** Programs, each with what it continues in front of it: where it begins, and its text. */
function programs(blocks: readonly Block[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  let before = ''
  for (const { at, language, text, continues } of blocks) {
    if (!PROGRAMS.has(language)) continue
    before = continues ? before + text : text
    found.set(at, before)
  }
  return found
}

// Most blocks are JavaScript, which has no way to say that a value is there, or which member of a union it is.
const UNSAID =
  /^Property .* on type .* Property .* on type |^(Object|'.*') is possibly '|(null|undefined)' is not assignable to type|possibly 'undefined'/
const isFault = ({ messageText }: ts.Diagnostic) =>
  !UNSAID.test(ts.flattenDiagnosticMessageText(messageText, ' '))

/** What one run of the compiler says of programs. */
function faults(texts: ReadonlyMap<string, string>): readonly string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    strict: true,
    noImplicitAny: false,
    useUnknownInCatchVariables: false,
    skipLibCheck: true,
    noEmit: true,
  }
  const root = process.cwd()
  const files = new Map(
    Array.from(texts, ([at, text]) => [
      join(root, `${at.replaceAll(/[/:]/g, '-')}.mts`),
      { at, text },
    ]),
  )
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (file) => files.has(file) || fileExists(file)
  host.readFile = (file) => files.get(file)?.text ?? readFile(file)
  host.getSourceFile = (file, version, ...rest) => {
    const text = files.get(file)?.text
    if (text === undefined) return getSourceFile(file, version, ...rest)
    return ts.createSourceFile(file, `${text}\nexport {}\n`, version)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return ts
    .getPreEmitDiagnostics(program)
    .filter(isFault)
    .map(({ file, start = 0, messageText }) => {
      const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0
      const at = file ? files.get(file.fileName)?.at : 'compiler'
      return `${at} line ${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })
}

const pages = pageBlocks()

t.test('every block says its language', async (t) => {
  t.ok(pages.length > 50)
  const odd = pages.filter(({ language }) => !LANGUAGES.includes(language))
  t.strictSame(
    odd.map(({ at, language }) => `${at} ${language}`),
    [],
  )
})

t.test('every program in a page and in a docstring agrees with the types', async (t) => {
  const examples = programs(exampleBlocks())
  t.ok(examples.size > 100)
  const agent = 'examples/agent-runner/agent.ts'
  const all = new Map([...programs(pages), ...examples, [agent, readFileSync(agent, 'utf8')]])
  t.strictSame(faults(all), [])
})

t.test('every profile in a page is policy', async (t) => {
  const profiles = pages.filter(({ language }) => language === 'apparmor')
  t.ok(profiles.length > 5)
  for (const { at, text } of profiles) t.ok(reads(text) || reads(`profile rules {\n${text}}\n`), at)
})

t.test('every command line in a page is one, and names only commands that exist', async (t) => {
  for (const { at, language, text } of pages) {
    if (language !== 'sh') continue
    const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })
    t.strictSame([status, stderr], [0, ''], at)
    for (const [, name = ''] of text.matchAll(/^(?:sudo )?(?:npx )?apparmor ([a-z]+)/gm))
      t.ok(COMMANDS.includes(name), `${at}: apparmor ${name}`)
  }
})

t.test('every JSON block in a page is JSON, and every schema a schema', async (t) => {
  const blocks = pages.filter(({ language }) => language === 'json')
  t.ok(blocks.length > 10)
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } })
  for (const { at, text } of blocks) {
    const value = JSON.parse(text) as Record<string, unknown>
    if ('$schema' in value) t.ok(ajv.validateSchema(value as object as Schema), at)
  }
})

/** What is wrong with a document, by what it is; nothing for a good one. */
function faultOf(document: unknown): unknown {
  if (typeof document !== 'object' || document === null) return 'no document'
  if ('securityContext' in document) return faultOfContainer(document)
  if ('jobs' in document) return faultOfWorkflow(document.jobs as Workflow)
  return `nobody knows what it is: ${Object.keys(document).join()}`
}

function faultOfContainer(document: object): unknown {
  try {
    const metadata = { name: 'web' }
    const containers = [{ name: 'web', image: 'web', ...document }]
    new Pod({ metadata, spec: { containers } }).validate()
    return undefined
  } catch (error) {
    return error
  }
}

type Workflow = Record<string, { 'runs-on'?: string; steps?: readonly object[] }>

function faultOfWorkflow(jobs: Workflow): unknown {
  for (const [name, { 'runs-on': machine, steps = [] }] of Object.entries(jobs)) {
    if (machine === undefined || steps.length === 0) return `${name} has no machine or no steps`
    const odd = steps.find((step) => 'run' in step === 'uses' in step)
    if (odd) return `a step runs or uses one thing: ${JSON.stringify(odd)}`
    for (const step of steps) {
      const { status } = spawnSync('bash', ['-n'], { input: 'run' in step ? String(step.run) : '' })
      if (status !== 0) return `no command line: ${JSON.stringify(step)}`
    }
  }
  return undefined
}

t.test('every YAML block in a page is valid by the schema of what it is', async (t) => {
  const blocks = pages.filter(({ language }) => language === 'yaml')
  t.ok(blocks.length >= 2)
  for (const { at, text } of blocks) t.equal(faultOf(parse(text)), undefined, at)
  t.ok(faultOf({ securityContext: { appArmorProfile: { type: 1 } } }), 'and a false one is refused')
  t.ok(faultOf({ jobs: { a: { 'runs-on': 'x', steps: [{}] } } }))
})

t.test('a block that is not run says why', async (t) => {
  const silent = pages.filter(({ notRun }) => notRun !== null)
  t.ok(silent.length > 5)
  for (const { at, notRun } of silent) t.match(notRun, /^\S+ \S+ .*\S/, at)
})
