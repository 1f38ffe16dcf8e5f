// Renders docs/errors.md from the table that the error texts are made from (lib/border/failures.ts).
//
//   node tools/errors-doc.js [--write]
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { anywhere, failures, ownCodes, unavailable } from '../build/lib/border/failures.js'

/** @typedef {Readonly<Record<string, { meaning: string, help: string }>>} Table */

const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** @param {Table} table */
function render(table) {
  const rows = Object.entries(table).map(
    ([code, { meaning, help }]) => `| \`${code}\` | ${cell(meaning)} | ${cell(help)} |`,
  )
  return ['| code | meaning | what to do |', '| --- | --- | --- |', ...rows].join('\n')
}

/** Calls that share a table share a section. */
function sections() {
  /** @type {Map<Table, string[]>} */
  const calls = new Map()
  for (const [call, table] of Object.entries(failures)) {
    calls.set(table, [...(calls.get(table) ?? []), call])
  }
  return [...calls].map(
    ([table, names]) => `### ${names.map((name) => `\`${name}\``).join(', ')}\n\n${render(table)}`,
  )
}

const page = `# Errors, names and labels

<!-- written by tools/errors-doc.js from lib/border/failures.ts -->

Every refusal is thrown as an \`AppArmorError\`:

| property | holds |
| --- | --- |
| \`code\` | the errno's name (\`'ENOENT'\`), or one of the codes \`ERR_APPARMOR_…\` below |
| \`errno\` | the errno, negative as in Node's own system errors; absent when the kernel was not asked |
| \`syscall\` | libapparmor's name of the call: \`'aa_change_profile'\` |
| \`profile\`, \`path\`, \`pid\` | what the call was about |
| \`message\` | \`ENOENT: no such profile, aa_change_profile 'web'. \` and what to do |

## By call

The call is the error's \`syscall\`.

${sections().join('\n\n')}

### any call

${render(anywhere)}

## When AppArmor as a whole is not usable

Any call may end with one of these, and \`availability()\` tells the same without throwing.

${render(unavailable)}

## Codes of this package

${render(ownCodes)}

## Wrong arguments

They are found before the kernel is asked, and nothing has changed: as in Node itself, a \`TypeError\` with
\`ERR_INVALID_ARG_TYPE\` (not a string, not a number) or \`ERR_INVALID_ARG_VALUE\` (an empty name, one with a
null byte or a newline, a lone surrogate that stands for no byte, a word that is not one of the choices),
or a \`RangeError\` with \`ERR_OUT_OF_RANGE\` (a name that does not fit into the one page that the kernel
takes, a number out of its range).

## Names and labels

The name of a profile is a row of bytes to the kernel; any byte but 0 may occur. JavaScript gets it as text:

- UTF-8 is decoded. A byte that is not UTF-8 becomes one lone surrogate: byte \`0x80\` is \`U+DC80\`, byte
  \`0xFF\` is \`U+DCFF\`. No two names become the same string, and every function takes such a string back
  and sends the kernel the original bytes. To print one, use \`label.toWellFormed()\` (Node 20) or
  \`JSON.stringify(label)\`.
- The kernel cuts off white space and the byte \`0xA0\` at both ends of a name, when a profile is loaded and
  when it is asked for. So \`changeProfile(' web ')\` is \`changeProfile('web')\`, and a name in UTF-8 that ends
  with a letter whose last byte is \`0xA0\` (\`à\` is \`C3 A0\`) loses that byte: it is loaded, and shown, as a
  name that is not UTF-8. The package sends names as they are given.
- The mode that the kernel prints behind a label, \`web (enforce)\`, is split off from the right, because a
  name may itself end like one.
- \`unconfined\` has no mode: \`mode\` is \`null\`.
- \`a//&b\` is a stack: both profiles apply. It is a set: its order says nothing. \`a//b\` is the child profile
  or hat \`b\` of \`a\`. \`:ns://a\` is the profile \`a\` of the policy namespace \`ns\`, and the kernel
  names a namespace once: in \`own//&:ns:a//&b\` \`b\` is in \`ns\`, too. \`parseLabel()\` takes all this apart.
`

if (process.argv.includes('--write')) {
  writeFileSync(fileURLToPath(new URL('../docs/errors.md', import.meta.url)), page)
} else {
  process.stdout.write(page)
}
