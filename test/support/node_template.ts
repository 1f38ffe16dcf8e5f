import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { confineCommand } from 'apparmor'
import { spawnSync } from 'apparmor/child_process'
import {
  abi,
  file,
  glob,
  load,
  nodeDefault,
  policy,
  profile,
  remove,
  signal,
  unix,
  type NodeOptions,
} from 'apparmor/policy'

const NAME = 'apparmor-test-node-template'
const CHILD = `${NAME}-child`
const APP = resolve('test/guest/node-app')
const MAIN = join(APP, 'main.js')
const CAT = realpathSync('/bin/cat')
const PACKAGE = ['dist', 'build', 'node_modules'].map((part) => `${resolve(part)}/`)
const ADDON = resolve('build/Release/apparmor.node')

type Task = readonly string[]

/** What a program under the template did: `'ok'`, or what it said instead. */
export interface Proof {
  readonly task: string
  readonly said: string
}

const child = policy(
  abi('abi/3.0'),
  profile(CHILD, {
    rules: [
      file(CAT, 'mr'),
      file(glob('/{usr/,}lib/**.so{,.*}'), 'mr'),
      file(glob('/etc/ld.so.cache'), 'r'),
      file(glob('/proc/[0-9]*/attr/current'), 'r'),
      signal({ permissions: ['receive'], peer: NAME }),
      unix({ permissions: ['send', 'receive'], type: 'stream', peer: { label: NAME } }),
      unix({ permissions: ['getattr', 'getopt', 'setopt', 'shutdown'], type: 'stream' }),
    ],
  }),
)

/** Programs of a version of Node under the template, in enforce mode. */
export class NodeTemplate {
  readonly node: string
  readonly dir: string
  readonly #name = NAME

  constructor(node: string) {
    this.node = realpathSync(node)
    this.dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
    writeFileSync(join(this.dir, 'file'), 'no addon')
    const files = ['-keyout', join(this.dir, 'key.pem'), '-out', join(this.dir, 'cert.pem')]
    const who = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        ...files,
        ...who,
      ],
      { stdio: 'ignore' },
    )
  }

  /** Each task, and the options without which it fails. */
  tasks(): readonly (readonly [Task, NodeOptions])[] {
    const { dir, node } = this
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
    const launcher = confineCommand(CHILD, 'true').file
    return [
      [['cjs'], {}],
      [['esm'], {}],
      [['files', dir], { write: [`${dir}/`] }],
      [['http'], { network: true }],
      [['https', key, cert], { network: true, read: [key, cert] }],
      [['worker'], {}],
      [['fork'], { execute: [node] }],
      [['addon', ADDON], { addons: [ADDON] }],
      [['exec', CAT], { execute: [{ path: CAT, profile: CHILD }] }],
      [
        ['spawn', resolve('dist/child_process.js'), CHILD],
        {
          read: [...PACKAGE, resolve('package.json')],
          addons: [ADDON],
          children: { launcher, profiles: [CHILD] },
        },
      ],
    ]
  }

  /** The acts that nobody asked for, each with what becomes of it. */
  async acts(options: NodeOptions = {}): Promise<Readonly<Record<string, string>>> {
    const said = await this.run([['acts', this.dir, this.node]], options)
    return JSON.parse(said.split('\n')[0] ?? '') as Record<string, string>
  }

  /** The task alone, with what it needs. */
  async alone(task: Task, options: NodeOptions): Promise<string> {
    return this.run([task], options)
  }

  /** Every task in one program, under the debugger. */
  async together(): Promise<string> {
    const all = this.tasks()
    const options: NodeOptions = {
      network: true,
      ...(['read', 'write', 'addons', 'execute'] as const).reduce(
        (whole, name) => ({ ...whole, [name]: all.flatMap(([, one]) => [...(one[name] ?? [])]) }),
        {},
      ),
      ...Object.assign({}, ...all.map(([, { children }]) => children && { children })),
    }
    return this.run([...all.map(([task]) => task), ['inspect']], options, ['--inspect=127.0.0.1:0'])
  }

  async inspect(): Promise<string> {
    return this.run([['inspect']], { inspect: true }, ['--inspect=127.0.0.1:0'])
  }

  /** `npm run`: npm reads itself and writes its logs, and the shell finds Node by PATH. */
  async npm(cli: string): Promise<string> {
    const shell = realpathSync('/bin/sh')
    const options = {
      read: [`${dirname(dirname(cli))}/`],
      write: [`${this.dir}/`],
      execute: [this.node, shell],
    }
    return this.run([], options, [], [cli, 'run', 'hello'])
  }

  async run(
    tasks: readonly Task[],
    options: NodeOptions,
    flags: readonly string[] = [],
    program: readonly string[] = [MAIN, JSON.stringify(tasks)],
  ): Promise<string> {
    const own = nodeDefault({
      ...options,
      name: this.#name,
      node: this.node,
      read: [`${APP}/`, ...(options.read ?? [])],
    })
    await load(child)
    try {
      await load(own)
      const { stdout, stderr, status } = spawnSync(this.node, [...flags, ...program], {
        profile: this.#name,
        cwd: APP,
        encoding: 'utf8',
        timeout: 100_000,
        env: {
          PATH: `${dirname(this.node)}:/usr/bin:/bin`,
          HOME: this.dir,
          TMPDIR: this.dir,
          npm_config_cache: this.dir,
          npm_config_update_notifier: 'false',
          NODE_EXTRA_CA_CERTS: join(this.dir, 'cert.pem'),
        },
      })
      return status === 0 ? stdout : `status ${status}: ${stdout}${stderr}`
    } finally {
      for (const policy of [own, child]) await remove(policy).catch(() => undefined)
    }
  }

  end(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }
}
