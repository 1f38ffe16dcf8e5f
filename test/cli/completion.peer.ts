import t, { type Test } from 'tap'
import { remove, replace } from 'apparmor/policy'
import { persons } from '../support/tmux.ts'

const PROFILE = 'apparmor-test-cli-completed'

t.before(() => replace(`profile ${PROFILE} { }`))
t.teardown(() => remove({ profile: PROFILE }))

const SHELLS = {
  bash: { shell: 'bash --norc --noprofile', load: 'source <(apparmor completion bash)' },
  zsh: {
    shell: 'zsh -f',
    load: 'autoload -U compinit; compinit -u -D; source <(apparmor completion zsh)',
  },
  fish: { shell: 'fish --no-config', load: 'apparmor completion fish | source' },
} as const

for (const [name, { shell, load }] of Object.entries(SHELLS)) {
  t.test(`${name} completes commands, options, words and loaded profiles`, async (t: Test) => {
    const { one } = persons(t, ['one'], { columns: 120, shell })
    one.types(load)
    one.types('echo rea""dy')
    await one.sees(/^ready/m)
    for (const [typed, completed] of [
      ['apparmor stat', /apparmor status ?$/m],
      ['apparmor graph --form', /apparmor graph --format ?$/m],
      ['apparmor mode compl', /apparmor mode complain ?$/m],
      [
        `apparmor exec -p ${PROFILE.slice(0, -4)}`,
        new RegExp(`apparmor exec -p ${PROFILE} ?$`, 'm'),
      ],
      ['apparmor check /etc/hostn', /apparmor check \/etc\/hostname ?$/m],
    ] as const) {
      one.writes(typed)
      one.presses('Tab')
      t.match(await one.sees(completed), completed)
      one.presses('C-c')
    }
  })
}
