import { promises, readFileSync } from 'node:fs'
import { changeProfile, getThreadCons } from 'apparmor'

const secret = '/sys/kernel/security/apparmor/profiles' // the profile denies it
const [, , scope] = process.argv
await promises.readFile(secret) // starts Node's pool of threads

console.log(changeProfile('docker-profile-test', { scope }))
const labels = getThreadCons().map(({ label }) => label)
for (const label of new Set(labels)) {
  console.log(labels.filter((other) => other === label).length, 'thread(s) run', label)
}

async function attempt(name, read) {
  const outcome = await read().then(() => 'reads it', String)
  console.log(name, outcome)
}
await attempt('readFileSync:', async () => readFileSync(secret))
await attempt('promises.readFile:', () => promises.readFile(secret))
