import { readFile } from 'node:fs/promises'

process.on('message', async () => {
  process.send(await readFile('/etc/passwd', 'utf8').catch((error) => error.code))
})
