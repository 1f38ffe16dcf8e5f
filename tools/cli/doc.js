// Renders docs/cli.md from the definitions of the commands (lib/cli/commands/).
//
//   node tools/cli/doc.js [--write]
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { optionsOf } from '../../build/lib/cli/args.js'
import { find, GROUPS } from '../../build/lib/cli/commands.js'
import { optionText, synopsis } from '../../build/lib/cli/help.js'

/** @typedef {import('../../build/lib/cli/command.js').Command} Command */

const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
const code = (/** @type {string} */ text) => `\`${text.trim().replaceAll('|', '\\|')}\``

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** @param {Command} command */
function section(command) {
  const { name, summary, description = [], operands, examples, exits, schema, stream } = command
  const inputs = [
    ...operands.map(({ name, help }) => [code(name), cell(help)]),
    ...Object.entries(optionsOf(command)).map(([name, option]) => [
      code(optionText(name, option)),
      cell(option.help),
    ]),
  ]
  return [
    `### ${name}`,
    `${summary}.`,
    ...description.map(cell),
    `    ${synopsis(command)}`,
    table(['argument', ''], inputs),
    ['```sh', ...examples.flatMap(({ run, what }) => [`# ${what}`, run]), '```'].join('\n'),
    table(
      ['exit status', ''],
      Object.entries(exits).map(([status, what]) => [status, cell(what)]),
    ),
    ...(schema
      ? [
          `<details><summary>What <code>--json</code> prints${stream ? ', each line' : ''}</summary>`,
          ['```json', JSON.stringify(schema, null, 2), '```'].join('\n'),
          '</details>',
        ]
      : []),
  ].join('\n\n')
}

/** The whole page. */
export async function page() {
  const parts = []
  for (const [title, commands] of Object.entries(GROUPS)) {
    parts.push(`## ${title}`)
    for (const name of Object.keys(commands)) {
      const command = await find(name)
      if (command) parts.push(section(command))
    }
  }
  return `${HEAD}\n\n${parts.join('\n\n')}\n`
}

const HEAD = `# The command line

<!-- written by tools/cli/doc.js from lib/cli/commands/ -->

    npx apparmor COMMAND [OPTIONS] …

\`apparmor --help\` lists the commands, \`apparmor COMMAND --help\` shows one, and \`man apparmor\` all of them.
Who knows the tools \`aa-…\` finds each of them in [migrating.md](migrating.md).

- **Names never reach the terminal raw.** A profile, a process or a file can be called anything, also what a terminal
  would obey. What cannot be seen is shown as \`\\n\`, \`\\x1b\` or \`\\u{202e}\`; bytes that are not UTF-8 as \`\\xff\`.
- **\`--json\`** prints one document, or of a stream one object a line, and nothing else on stdout. Each has a
  \`version\`, which changes when something is taken away or means something else; more properties may come within a
  version of a stream. \`--json-schema\` prints the JSON Schema. An error is an object \`{ "error": { "code", "message" } }\`
  on stderr; \`code\` is \`ERR_USAGE\` when the command line is wrong.
- **Colour** is for terminals. \`--no-color\`, \`--color\`, \`NO_COLOR\` and \`FORCE_COLOR\` decide otherwise, in this order.
- **Exit status**: 0 is done or yes, 1 is no (denied, differs, has errors), 2 is that it could not be done, 64 that the
  command line is wrong. \`status\` and \`exec\` have their own. Who closes our output ends us with 141.
- **Completion**: \`source <(apparmor completion bash)\`, also for zsh and fish. It offers the profiles that are loaded.
- Options may stand before and behind arguments; \`exec\` ends them at the program. \`--\` ends them everywhere.
- **Speed**: \`status\` takes 50 ms more than Node's own start, and \`log\` about twice as long as a loop over \`records()\`.
  \`npm run bench -- cli commands log\` measures it. With thousands of profiles \`status\` is slower than \`aa-status\`: of each
  profile it also reads the attachment and the hash.`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = await page()
  if (process.argv.includes('--write')) writeFileSync('docs/cli.md', text)
  else process.stdout.write(text)
}
