// Runs each plug-in in a process of its own, under a profile, and talks to it by messages.
import { once } from 'node:events'
import { join } from 'node:path'
import { confined } from 'apparmor/child_process'

const { fork } = confined({ profile: 'plugin' })

for (const name of ['upper.js', 'thief.js']) {
  const plugin = fork(join(import.meta.dirname, name), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {},
  })
  plugin.send('hello')
  const [answer] = await once(plugin, 'message')
  console.log(`${name}:`, answer)
  plugin.kill()
}
