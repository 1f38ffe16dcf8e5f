import { fs } from '../../border/node.ts'
import { command, NO, Refusal, UsageError, type Command } from '../command.ts'
import { documentSchema, exactly, listOf } from '../json.ts'
import { learnFrom, lessonJson, showLesson } from '../learning.ts'
import { findProgram, NOT_FOUND } from '../program.ts'
import { BASE, BASE_OPTION, writeNew } from '../read_policy.ts'
import { SUGGEST_OPTIONS, suggestOptions } from '../suggestion.ts'

const text = { type: 'string' }

const LEARN: Command = command({
  name: 'learn',
  summary: 'Learn a profile by running a program',
  description: [
    'It runs the program in complain mode, then in enforce mode, and adds what was missing until nothing is ' +
      'refused. The profile goes to stdout, everything else to stderr. The profile permits what the program did ' +
      'while it ran, so make it do everything that it has to do. Run only programs that you trust: what an attacker ' +
      'in the program does is learned, too. It needs root.',
  ],
  operands: [
    { name: 'PROGRAM', help: 'a path, or a name that is looked up in PATH', complete: 'program' },
    {
      name: 'ARGUMENT',
      help: 'passed to the program, even if it looks like an option',
      optional: true,
      multiple: true,
      complete: 'file',
    },
  ],
  passesOn: true,
  options: {
    profile: { type: 'string', short: 'p', value: 'NAME', help: 'the name of the new profile' },
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      complete: 'file',
      help: 'write the profile there; the file must not exist',
    },
    ...SUGGEST_OPTIONS,
    base: BASE_OPTION,
    rounds: {
      type: 'string',
      value: 'NUMBER',
      help: 'how many times to run it at most; default 12',
    },
    timeout: { type: 'string', value: 'SECONDS', help: 'how long one run may take, in seconds' },
  },
  examples: [
    { run: 'sudo apparmor learn -p web -- node server.js --self-test', what: 'to stdout' },
    { run: "sudo apparmor learn -o date.profile -- sh -c 'date > /tmp/now'", what: 'into a file' },
  ],
  exits: {
    0: 'learned, and proven by a run in enforce mode',
    [NO]: 'learned, and not proven: the messages say why',
    2: 'it could not be done',
    [NOT_FOUND]: 'there is no such program',
    130: 'ended by Ctrl-C: the profile is removed again',
  },
  schema: documentSchema('learn', {
    profile: text,
    proven: { type: 'boolean' },
    text,
    rounds: listOf(
      exactly({
        mode: { enum: ['complain', 'enforce'] },
        status: { type: ['integer', 'null'] },
        signal: { type: ['string', 'null'] },
        works: { type: 'boolean' },
        records: { type: 'integer' },
        lost: { type: 'integer' },
        added: listOf(text),
      }),
    ),
    problems: listOf(text),
    refused: listOf(exactly({ path: text, permissions: { enum: ['r', 'w'] } })),
  }),
  async run({ operands: [program = '', ...args], options, json, out, err, world }) {
    const { base = BASE, profile, output, rounds, timeout } = options
    if (output !== undefined && fs.existsSync(output))
      throw new Refusal(`${output} is there already`)
    const file = findProgram(program, world.env.PATH)
    const lesson = await learnFrom(
      [file, ...args],
      {
        ...suggestOptions(options, base),
        ...(profile !== undefined && { name: profile }),
        ...(rounds !== undefined && { rounds: whole(rounds, '--rounds', 2) }),
        ...(timeout !== undefined && { timeout: whole(timeout, '--timeout', 1) * 1000 }),
      },
      { err, env: world.env },
    )
    showLesson(lesson, err)
    if (output !== undefined) writeNew(output, lesson.text)
    if (json) out.json(lessonJson(lesson))
    else if (output === undefined) out.text(lesson.text)
    return lesson.proven ? 0 : NO
  },
})
export default LEARN

function whole(value: string, name: string, least: number): number {
  const number = Number(value)
  if (!/^\d{1,6}$/.test(value) || number < least)
    throw new UsageError(`${name} is a number from ${least} on, not '${value}'`)
  return number
}
