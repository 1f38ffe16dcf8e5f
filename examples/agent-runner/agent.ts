// Runs the commands that an agent asks for. Each task has a directory, and a profile made for it: its commands run
// under that profile, stacked on whatever confines this program already.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { confined } from 'apparmor/child_process'
import { file, glob, include, load, policy, profile, remove } from 'apparmor/policy'

/** What a command may do: run the system's tools, and work in the directory of the task. */
const taskProfile = (name: string, directory: string) =>
  policy(
    include('tunables/global'),
    profile(name, {
      rules: [
        include('abstractions/base'),
        file(glob('/{usr/,}bin/*'), 'mrix'),
        file(glob`${directory}/{,**}`, 'rw'),
      ],
    }),
  )

async function runTask(task: string, commands: readonly string[]): Promise<void> {
  const name = `agent-${task}`
  const directory = join('/tmp', name)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'notes.txt'), 'buy milk\n')
  await load(taskProfile(name, directory))
  try {
    const exec = promisify(confined({ stack: name }).exec)
    for (const command of commands) {
      const { stdout, stderr } = await exec(command, {
        cwd: directory,
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      }).catch((error) => error)
      console.log(`> ${command}\n${(stdout || stderr).trim()}`)
    }
  } finally {
    await remove({ profile: name }) // refuses while a command still runs under it: it would be free
    rmSync(directory, { recursive: true })
  }
}

await runTask('notes', ['cat notes.txt', 'wc -l < notes.txt > count; cat count', 'cat /etc/passwd'])
