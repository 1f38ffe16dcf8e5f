// Renders the manual page apparmor(1) from the definitions of the commands (lib/cli/commands/).
import { optionsOf } from '../../build/lib/cli/args.js'
import { find, GROUPS } from '../../build/lib/cli/commands.js'
import { optionText, synopsis } from '../../build/lib/cli/help.js'

/** @typedef {import('../../build/lib/cli/command.js').Command} Command */

/** Text as roff takes it: nothing at the beginning of a line, or behind a backslash, is a request. */
const roff = (/** @type {string} */ text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1')

const term = (/** @type {string} */ name, /** @type {string} */ text) =>
  `.TP\n.B ${roff(name)}\n${roff(text)}`

/** @param {Command} command */
function section(command) {
  const { name, summary, description = [], operands, examples, exits } = command
  return [
    `.SS ${roff(name)}`,
    `.B ${roff(synopsis(command))}`,
    ...[`${summary}.`, ...description].map((text) => `.PP\n${roff(text)}`),
    ...operands.map((operand) => term(operand.name, operand.help)),
    ...Object.entries(optionsOf(command)).map(([name, option]) =>
      term(optionText(name, option).trim(), option.help),
    ),
    ...examples.map(
      ({ run, what }) => `.PP\n${roff(what)}:\n.PP\n.nf\n.RS\n${roff(run)}\n.RE\n.fi`,
    ),
    '.PP\nExit status:',
    ...Object.entries(exits).map(([status, what]) => term(status, what)),
  ].join('\n')
}

/** @param {string} version */
export async function manual(version) {
  const parts = []
  for (const [title, commands] of Object.entries(GROUPS)) {
    parts.push(`.SH ${roff(title.toUpperCase())}`)
    for (const name of Object.keys(commands)) {
      const command = await find(name)
      if (command) parts.push(section(command))
    }
  }
  return [
    `.TH APPARMOR 1 "" "apparmor ${roff(version)}"`,
    '.SH NAME',
    'apparmor \\- look at, confine, write and load with Linux AppArmor',
    '.SH SYNOPSIS',
    '.B apparmor',
    'COMMAND [OPTIONS] ...',
    ...parts,
    '.SH EXIT STATUS',
    roff('0 done or yes, 1 no, 2 it could not be done, 64 the command line is wrong.'),
    '.SH SEE ALSO',
    'apparmor(7), apparmor.d(5), apparmor_parser(8)',
    '',
  ].join('\n')
}
