import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { check, expectPolicy, parseProfile } from 'apparmor/policy'

const file = `${import.meta.dirname}/web.profile`
const policy = parseProfile(readFileSync(file, 'utf8'), { file })
const web = () => expectPolicy(policy).profile('web')

test('the site is readable, its private part is not', () => {
  web().allows('r', '/srv/web/index.html').denies('r', '/srv/web/private/key')
})

test('nothing outside of the site can be written but the log', () => {
  web()
    .allows('w', '/var/log/web/today')
    .denies('w', '/srv/web/index.html')
    .denies('w', '/etc/passwd')
})

test('no capability is given away', () => {
  web().denies({ capability: 'sys_admin' }).denies({ capability: 'dac_override' })
})

test('apparmor_parser finds no fault', async () => {
  const found = await check({ file })
  const errors = found.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
})
