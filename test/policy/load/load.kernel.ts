import { spawnSync } from 'node:child_process'
import { rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findMountpoint, profiles } from 'apparmor'
import { spawn, spawnSync as confinedSync } from 'apparmor/child_process'
import { compile, load, policy, profile, remove, replace, setMode } from 'apparmor/policy'
import t from 'tap'
import { makeFiles } from '../../support/files.ts'

const NAME = 'apparmor-test-load'
const NS = `${NAME}-ns`
const { dir, denied, allowed } = makeFiles(t)

const text = (rules: string, name = NAME): string =>
  `profile ${name} flags=(attach_disconnected) {\n  /** rm,\n  /{,usr/}bin/cat ix,\n  unix,\n  ${rules}\n}\n`
const DENYING = text(`deny ${denied} r,`)

/** What `cat` of a file says under the profile. */
const cat = (file: string, profile = NAME): string | number => {
  const { status, stdout, stderr } = confinedSync('cat', [file], { profile, encoding: 'utf8' })
  return status === 0 ? stdout : stderr.replace(/^.*: /, '').trim()
}

const modeOf = async (name: string): Promise<string | undefined> =>
  (await profiles()).find((profile) => profile.label === name)?.mode
const isLoaded = async (name: string): Promise<boolean> => (await modeOf(name)) !== undefined

t.teardown(() => {
  const input = text('') + text('', `${NAME}-other`)
  spawnSync('apparmor_parser', ['-R', '-K'], { input })
})

t.test('a loaded profile is enforced', async (t) => {
  const { profiles: loaded, diagnostics } = await load(DENYING)
  t.strictSame(loaded, [{ namespace: null, name: NAME }])
  t.match(diagnostics, [{ severity: 'warning', profile: NAME, message: /^downgrading .*unix/ }])
  t.equal(cat(denied), 'Permission denied')
  t.equal(cat(allowed), 'allowed')
})

t.test('load does not replace, replace does', async (t) => {
  const freed = text(`deny ${allowed} r,`)
  await t.rejects(load(freed), {
    code: 'EEXIST',
    errno: -17,
    syscall: 'aa_kernel_interface_load_policy',
    profile: NAME,
  })
  t.equal(cat(denied), 'Permission denied')
  await replace(freed)
  t.equal(cat(denied), 'denied')
  t.equal(cat(allowed), 'Permission denied')
})

t.test('a name with a newline is loaded, and removed by it', async (t) => {
  const name = `${NAME}-two\nlines`
  await load(policy(profile(name)))
  t.ok(await isLoaded(name))
  t.strictSame(await remove({ profile: name }), [name])
  t.notOk(await isLoaded(name))
  for (const bad of [`${NAME}\n`, `\n${NAME}`, '\n']) {
    await t.rejects(remove({ profile: bad }), { code: 'ERR_INVALID_ARG_VALUE' })
  }
  t.ok(await isLoaded(NAME), 'the neighbour stays')
})

t.test('a replace that fails leaves the old policy in force', async (t) => {
  await replace(DENYING)
  await t.rejects(replace(text('capability fly,')), { code: 'ERR_APPARMOR_COMPILE' })
  const { binary } = await compile(text(''))
  const damaged = Uint8Array.from(binary)
  damaged[16] = 9 // the version of the format: no kernel knows it
  damaged[12] = 1
  await t.rejects(replace(damaged), { name: /AppArmorError|TypeError/ })
  t.equal(cat(denied), 'Permission denied')
  t.equal(cat(allowed), 'allowed')
})

t.test('what was compiled loads without the compiler, whole or as bytes', async (t) => {
  const compiled = await compile(DENYING)
  await replace(compiled, { parser: '/nowhere' })
  await replace(compiled.binary, { parser: '/nowhere' })
  t.equal(cat(denied), 'Permission denied')
  t.equal(cat(allowed), 'allowed')
})

t.test('all profiles of a policy, or none', async (t) => {
  const two = text('', `${NAME}-other`) + DENYING
  await t.rejects(load(two), { code: 'EEXIST', profile: NAME })
  t.notOk(await isLoaded(`${NAME}-other`))
})

t.test('policies that would harm the kernel do not reach it', async (t) => {
  const { binary } = await compile(text('', `${NAME}-twice`))
  await t.rejects(replace(Buffer.concat([binary, binary])), {
    code: 'ERR_APPARMOR_POLICY_HARMFUL',
    message: /two profiles have this name/,
  })
  const orphan = await compile(`profile ${NAME}-none//child { /x r, }`)
  await t.rejects(replace(orphan), { message: /its parent is not loaded/ })
  const long = await compile(`profile ${NAME}-${'x'.repeat(250)} { /x r, }`)
  await t.rejects(replace(long), { message: /longer than 253 bytes/ })
  // Some kernels load nothing new any more after such a policy: this one has not seen it.
  await load(text('# new', `${NAME}-other`))
  t.ok(await isLoaded(`${NAME}-other`))
  await remove({ profile: `${NAME}-other` })
})

t.test('into a namespace, and two namespaces at once', async (t) => {
  t.teardown(() => {
    for (const ns of [NS, `${NS}-2`]) {
      rmdirSync(join(findMountpoint(), 'policy/namespaces', ns))
    }
  })
  await load(DENYING, { namespace: NS })
  t.ok(await isLoaded(`:${NS}://${NAME}`))
  const both = `profile :${NS}:${NAME}-a { /x r, }\nprofile :${NS}-2:${NAME}-b { /x r, }\n`
  const { profiles: loaded } = await replace(both)
  t.strictSame(loaded, [
    { namespace: NS, name: `${NAME}-a` },
    { namespace: `${NS}-2`, name: `${NAME}-b` },
  ])
  t.ok(await isLoaded(`:${NS}://${NAME}-a`))
  t.ok(await isLoaded(`:${NS}-2://${NAME}-b`))
  t.notOk(await isLoaded(`:${NS}://${NAME}-b`))
  await t.rejects(load(both), { code: 'EEXIST', done: [] })
  t.strictSame(await remove({ profile: `:${NS}:${NAME}` }), [`:${NS}:${NAME}`])
  t.notOk(await isLoaded(`:${NS}://${NAME}`))
})

t.test('another mode, without the source', async (t) => {
  await replace(DENYING.replace('\n}\n', `\n  ^hat flags=(complain) { /x r, }\n}\n`))
  await replace(text(''))
  await setMode(NAME, 'complain')
  t.equal(await modeOf(NAME), 'complain')
  await replace(text(`# no rule for the file\n`).replace('/** rm,', '/{usr,lib,lib64,etc}/** rm,'))
  t.equal(cat(allowed), 'Permission denied')
  await setMode(NAME, 'complain')
  t.equal(cat(allowed), 'allowed')
  await setMode(NAME, 'enforce')
  t.equal(await modeOf(NAME), 'enforce')
  t.equal(cat(allowed), 'Permission denied')
  await setMode(`${NAME}//hat`, 'enforce')
  t.equal(await modeOf(`${NAME}//hat`), 'enforce')
  await t.rejects(setMode(`${NAME}-none`, 'enforce'), { code: 'ENOENT', profile: `${NAME}-none` })
})

t.test('a profile that a process runs under is not removed unless that is meant', async (t) => {
  const child = spawn('/bin/sleep', ['60'], { profile: await sleeper() })
  t.teardown(() => child.kill('SIGKILL'))
  await t.rejects(remove({ profile: `${NAME}-sleep` }), {
    code: 'ERR_APPARMOR_PROFILE_IN_USE',
    pid: child.pid,
  })
  t.ok(await isLoaded(`${NAME}-sleep`))
  t.strictSame(await remove({ profile: `${NAME}-sleep` }, { running: 'unconfine' }), [
    `${NAME}-sleep`,
  ])
  t.notOk(await isLoaded(`${NAME}-sleep`))
})

async function sleeper(): Promise<string> {
  await load(`profile ${NAME}-sleep { /** rm, ^hat { /x r, } }`)
  return `${NAME}-sleep`
}

t.test('removing by source takes children along; what is not there is told', async (t) => {
  const source = text('^hat { /x r, }', `${NAME}-other`)
  await load(source)
  t.strictSame(await remove(source), [`${NAME}-other`])
  t.notOk(await isLoaded(`${NAME}-other//hat`))
  await t.rejects(remove(source), {
    code: 'ENOENT',
    syscall: 'aa_kernel_interface_remove_policy',
    profile: `${NAME}-other`,
    done: [],
  })
})

t.test('without the privilege nothing is loaded', async (t) => {
  const script = `
    import { load } from ${JSON.stringify(import.meta.resolve('apparmor/policy'))}
    await load('profile ${NAME}-user { /x r, }').catch((error) => console.log(error.code, error.message))`
  const file = join(dir, 'user.mjs')
  writeFileSync(file, script)
  const { stdout, stderr } = spawnSync(process.execPath, [file], {
    uid: 65534,
    gid: 65534,
    encoding: 'utf8',
  })
  t.match(stdout, /^EACCES .*may not change the policy of the kernel/, stderr)
  t.notOk(await isLoaded(`${NAME}-user`))
})
