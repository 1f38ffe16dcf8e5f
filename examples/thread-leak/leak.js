// Enters a profile that forbids /etc/shadow, and then asks for that file in two ways.
//
//   node leak.js thread     as a plain call of aa_change_profile does: the calling thread alone
//   node leak.js process    as this package does: every thread, or none
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { changeProfile } from 'apparmor'

const scope = process.argv[2] === 'thread' ? 'thread' : 'process'
console.log(changeProfile('leak', { scope }))

try {
  console.log('readFileSync ', readFileSync('/etc/shadow').length > 0 && 'reads /etc/shadow')
} catch (error) {
  console.log('readFileSync ', error.code)
}
const later = await readFile('/etc/shadow').then(
  () => 'reads /etc/shadow',
  (error) => error.code,
)
console.log('fs.promises  ', later)
