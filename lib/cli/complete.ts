/**
 * What a shell offers at the Tab key. `apparmor --complete WORD…` prints what the last WORD could become, one a
 * line: the value, a tab, what it is. A line `:file`, `:directory` or `:program` leaves it to the shell.
 */
import { processes, profiles } from '../index.ts'
import { optionsOf } from './args.ts'
import type { Command, Completion } from './command.ts'
import { COMMANDS, find } from './commands.ts'
import type { Screen } from './screen.ts'

type Offer = readonly [value: string, what: string]

export async function complete(words: readonly string[], out: Screen): Promise<number> {
  const word = words.at(-1) ?? ''
  const offers = await offersFor(words)
  for (const [value, what] of offers) {
    if (value.startsWith(':') && what === '') out.line(value)
    // A name that a terminal may not have cannot be typed either.
    else if (value.startsWith(word) && !/[\p{C}\p{Z}]/u.test(value)) {
      out.text(`${value}\t${what.replaceAll(/\p{C}/gu, ' ')}\n`)
    }
  }
  return 0
}

async function offersFor(words: readonly string[]): Promise<readonly Offer[]> {
  const [name = '', ...rest] = words
  if (rest.length === 0) return commandOffers()
  if (name === 'help') return rest.length === 1 ? commandOffers() : []
  const command = await find(name)
  if (!command) return []
  const options = optionsOf(command)
  const word = rest.at(-1) ?? ''
  const before = rest.slice(0, -1)
  const wanting = optionOf(before.at(-1), command)
  if (wanting?.type === 'string') return valueOffers(wanting)
  if (word.startsWith('-') && !before.includes('--')) {
    return Object.entries(options).map(([option, { help }]) => [`--${option}`, help])
  }
  const at = before.filter((one, i) => isOperand(one, before[i - 1], command)).length
  const operand = command.operands[at] ?? command.operands.at(-1)
  return operand && (at < command.operands.length || operand.multiple) ? valueOffers(operand) : []
}

const commandOffers = (): Promise<readonly Offer[]> =>
  Promise.all(
    COMMANDS.map(async (name): Promise<Offer> => [name, (await find(name))?.summary ?? '']),
  )

function optionOf(word: string | undefined, command: Command) {
  if (word === undefined || !word.startsWith('-') || word.includes('=')) return undefined
  const name = word.replace(/^--?/, '')
  return Object.entries(optionsOf(command)).find(
    ([option, { short }]) => option === name || (short !== undefined && word === `-${short}`),
  )?.[1]
}

function isOperand(word: string, previous: string | undefined, command: Command): boolean {
  return !word.startsWith('-') && optionOf(previous, command)?.type !== 'string'
}

async function valueOffers({
  choices,
  complete: kind,
}: {
  readonly choices?: readonly string[]
  readonly complete?: Completion
}): Promise<readonly Offer[]> {
  if (choices) return choices.map((choice) => [choice, 'value'])
  if (kind === undefined) return []
  if (kind === 'profile') return offersFrom(profiles, ({ label, mode }) => [label, mode])
  if (kind === 'process') return offersFrom(processes, ({ pid, command }) => [String(pid), command])
  return [[`:${kind}`, '']]
}

// Where there is nothing to be seen there is nothing to offer.
async function offersFrom<T>(
  list: () => Promise<readonly T[]>,
  offer: (item: T) => Offer,
): Promise<readonly Offer[]> {
  return (await list().catch(() => [])).map(offer)
}
