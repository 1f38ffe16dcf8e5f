import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { LIMIT, PROGRAM } from './cli.ts'

/** A person at a terminal: a shell in tmux, in which `apparmor` is the program that is tested. */
export class Person {
  readonly #socket: string
  readonly #window: string
  #asked = 0

  constructor(socket: string, window: string) {
    this.#socket = socket
    this.#window = window
  }

  /** Types a line. */
  types(line: string): void {
    this.writes(line)
    this.presses('Enter')
  }

  /** Types, and does not end the line. */
  writes(text: string): void {
    tmux(this.#socket, 'send-keys', '-t', this.#window, '-l', '--', text)
  }

  /** A key by its name in tmux: `C-c`, `Tab`. */
  presses(key: string): void {
    tmux(this.#socket, 'send-keys', '-t', this.#window, key)
  }

  /** What stands on the terminal now, without empty lines at its end. */
  screen(): string {
    return tmux(this.#socket, 'capture-pane', '-p', '-t', this.#window).trimEnd()
  }

  /** Waits until the terminal shows this. */
  async sees(what: RegExp): Promise<string> {
    for (const end = Date.now() + LIMIT; ;) {
      const screen = this.screen()
      if (what.test(screen)) return screen
      if (Date.now() > end) throw new Error(`${what} was not seen in\n${screen}`)
      await sleep(100)
    }
  }

  /** The exit status of what was run last. */
  async status(): Promise<number> {
    const word = `status${++this.#asked}`
    this.types(`echo "${word}=$?"`)
    const line = new RegExp(`^${word}=(\\d+)$`, 'm')
    const [, status] = line.exec(await this.sees(line)) ?? []
    return Number(status)
  }
}

/** Seats so many persons at terminals of this size. */
export function persons<Name extends string>(
  t: Test,
  names: readonly Name[],
  {
    columns = 80,
    rows = 40,
    shell = 'bash --norc --noprofile',
  }: { readonly columns?: number; readonly rows?: number; readonly shell?: string } = {},
): Readonly<Record<Name, Person>> {
  const dir = mkdtempSync(join(tmpdir(), 'apparmor-test-'))
  const socket = join(dir, 'tmux')
  t.teardown(() => {
    tmux(socket, 'kill-server')
    rmSync(dir, { recursive: true, force: true })
  })
  const program = join(dir, 'apparmor')
  const words = [process.execPath, resolve(PROGRAM)].map((word) => `'${word}'`).join(' ')
  writeFileSync(program, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 })
  const run = `env PATH='${dir}':"$PATH" PS1='$ ' NO_COLOR=1 HISTFILE= ${shell}`
  for (const [i, name] of names.entries()) {
    const size = i === 0 ? ['-x', String(columns), '-y', String(rows)] : []
    const place = i === 0 ? ['new-session', '-d', '-s', 'test'] : ['new-window', '-d', '-t', 'test']
    tmux(socket, ...place, ...size, '-n', name, run)
  }
  return Object.fromEntries(
    names.map((name) => [name, new Person(socket, `test:${name}`)]),
  ) as Record<Name, Person>
}

function tmux(socket: string, ...args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(
    'tmux',
    ['-u', '-f', '/dev/null', '-S', socket, ...args],
    { encoding: 'utf8', timeout: LIMIT },
  )
  if (error) throw error
  if (status !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`)
  return stdout
}
