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

When the kernel refuses something, or this package does, the call throws an \`AppArmorError\`. A promise is rejected with
one.

| property | what it says |
| --- | --- |
| \`code\` | the errno's name (\`'ENOENT'\`), or one of the codes \`ERR_APPARMOR_…\` below |
| \`errno\` | the errno, negative as in Node's own system errors; absent when the kernel was not asked |
| \`syscall\` | the name of the call in libapparmor: \`'aa_change_profile'\` |
| \`profile\`, \`path\`, \`pid\` | what the call was about |
| \`message\` | what happened, and what to do: \`ENOENT: no such profile, aa_change_profile 'web'. Load it …\` |

## By call

Find the error's \`syscall\`, and then its \`code\`.

${sections().join('\n\n')}

### Any call

${render(anywhere)}

## When AppArmor as a whole cannot be used

Any call may fail with one of these. \`availability()\` returns the same code without throwing.

${render(unavailable)}

## Codes of this package

${render(ownCodes)}

## Wrong arguments

Arguments are checked before the kernel is asked, so nothing has changed when one is wrong. The errors are those of Node:

- a \`TypeError\` with \`ERR_INVALID_ARG_TYPE\`: not a string, not a number;
- a \`TypeError\` with \`ERR_INVALID_ARG_VALUE\`: an empty name, a name with a null byte or a newline, a lone surrogate that
  stands for no byte, or a word that is not one of the choices;
- a \`RangeError\` with \`ERR_OUT_OF_RANGE\`: a number out of its range, or a name that does not fit into the one page
  that the kernel accepts.

## Names and labels

To the kernel, the name of a profile is a sequence of bytes. Any byte except 0 may occur. JavaScript gets the name as text:

- UTF-8 is decoded. A byte that is not UTF-8 becomes one lone surrogate: byte \`0x80\` is \`U+DC80\`, byte
  \`0xFF\` is \`U+DCFF\`. Two different names never become the same string. Every function also accepts such a string, and
  sends the original bytes to the kernel. To print one, use \`label.toWellFormed()\` or \`JSON.stringify(label)\`.
- The kernel removes white space and the byte \`0xA0\` from both ends of a name, when a profile is loaded and
  when it is asked for. So \`changeProfile(' web ')\` is \`changeProfile('web')\`. Some letters end with the byte \`0xA0\`
  in UTF-8: \`à\` is \`C3 A0\`. A name that ends with such a letter loses that byte, and is then no longer UTF-8. The
  package sends names as they are given.
- The kernel prints the mode after a label: \`web (enforce)\`. The package splits it off from the right, because a
  name may itself end in the same way.
- \`unconfined\` has no mode: \`mode\` is \`null\`.
- \`a//&b\` is a stack: both profiles apply. Their order has no meaning.
- \`a//b\` is the child profile or hat \`b\` of \`a\`.
- \`:ns://a\` is the profile \`a\` of the policy namespace \`ns\`. The kernel names a namespace only once: in
  \`own//&:ns:a//&b\`, \`b\` is in \`ns\`, too. \`parseLabel()\` takes labels apart.
`

if (process.argv.includes('--write')) {
  writeFileSync(fileURLToPath(new URL('../docs/errors.md', import.meta.url)), page)
} else {
  process.stdout.write(page)
}
