// Every kind of entry in `stdio`, where the numbers of the child's descriptors may go wrong.
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawned, spawnedSync, type Case } from './parity_watch.ts'

// Each of its descriptors above the standard ones, and what they lead to without numbers.
const LIST = [
  '-c',
  'for fd in /proc/$$/fd/*; do l=$(readlink $fd); echo "${fd##*/} ${l%%[:/]*}"; done',
]

// It also writes to all of them what looks like a launcher's report.
const FORGE = [
  '-c',
  String.raw`for fd in 1 2 3 4 5 6 7; do printf '\2\0\0\0\2\0\0\0' 2>/dev/null >&$fd; done; exit 0`,
]

const hole = (): unknown[] => {
  const list: unknown[] = ['pipe', 'pipe', 'pipe', 'pipe', 'ignore', 'pipe']
  delete list[3]
  return list
}

const STDIO: Readonly<Record<string, () => unknown>> = {
  'null and pipes': () => [null, 'pipe', 'pipe', null, 'pipe'],
  'undefined and pipes': () => ['pipe', undefined, undefined, undefined, 'pipe', undefined],
  'a buffer': () => ['pipe', 'pipe', 'pipe', Buffer.from('x'), 'pipe'],
  'buffers first': () => [Buffer.from('x'), new Uint8Array(2), 'pipe', 'pipe', 'pipe', 'pipe'],
  'a word that is none': () => ['pipe', 'pipe', 'pipe', 'word', 'pipe'],
  'an empty word': () => ['pipe', 'pipe', 'pipe', '', 'pipe'],
  'a hole': hole,
  'a negative number': () => ['pipe', 'pipe', 'pipe', -1, -5],
  'a number that is not open': () => ['pipe', 'pipe', 'pipe', 987],
  'an inherited number that is not open': () => {
    const list: unknown[] = Array.from({ length: 61 }, () => 'ignore')
    list[60] = 'inherit'
    return list
  },
  'the first free number': () => {
    const fd = openSync('/dev/null', 'r')
    closeSync(fd)
    return ['pipe', 'pipe', 'pipe', fd]
  },
  'the second free number': () => {
    const fds = [openSync('/dev/null', 'r'), openSync('/dev/null', 'r')]
    fds.forEach(closeSync)
    return ['pipe', 'pipe', 'pipe', fds[1]]
  },
  empty: () => [],
  'one entry': () => ['ignore'],
  frozen: () => Object.freeze(['pipe', 'pipe']),
  'frozen, of three': () => Object.freeze(['pipe', 'pipe', 'pipe']),
  'an object with a number': () => ['pipe', 'pipe', 'pipe', { fd: 2 }],
  'an object without': () => ['pipe', 'pipe', 'pipe', {}],
  'a function': () => ['pipe', 'pipe', 'pipe', () => {}],
  true: () => true,
  'many pipes': () => Array.from({ length: 20 }, () => 'pipe'),
  'ipc twice': () => ['pipe', 'ipc', 'ipc'],
}

const entries = Object.entries(STDIO)

export const CASES: Readonly<Record<string, Case>> = Object.fromEntries([
  ...entries.map(([name, stdio]): [string, Case] => [
    `spawn, stdio: ${name}`,
    (setting) => spawned('sh', LIST, { stdio: stdio() })(setting),
  ]),
  ...entries.map(([name, stdio]): [string, Case] => [
    `spawnSync, stdio: ${name}`,
    (setting) => spawnedSync('sh', LIST, { stdio: stdio() })(setting),
  ]),
  ...entries.map(([name, stdio]): [string, Case] => [
    `spawnSync, stdio, forged: ${name}`,
    (setting) => spawnedSync('sh', FORGE, { stdio: stdio() })(setting),
  ]),
  [
    'spawnSync, stdio: input and a buffer',
    spawnedSync('cat', [], { input: 'in', stdio: [null, 'pipe'] }),
  ],
  ['spawnSync, stdio: input that is none', spawnedSync('cat', [], { input: 1 })],
  [
    'spawnSync, stdio: an array is filled up as Node fills it',
    (setting) => {
      const stdio: unknown[] = ['ignore']
      spawnedSync('true', [], { stdio })(setting)
      return stdio
    },
  ],
  [
    'spawnSync, stdio: descriptors of its own',
    (setting) => {
      const file = join(setting.dir, 'written')
      const fd = openSync(file, 'w')
      try {
        const seen = spawnedSync('sh', FORGE, { stdio: ['ignore', fd, fd, fd, 'ignore', fd] })(
          setting,
        )
        return [seen, readFileSync(file, 'latin1')]
      } finally {
        closeSync(fd)
      }
    },
  ],
])
