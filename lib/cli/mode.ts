import type { Mode } from '../index.ts'
import { green, red, yellow, type Span } from './screen.ts'

/** What confines most first. */
export const MODES: readonly Mode[] = [
  'kill',
  'enforce',
  'mixed',
  'prompt',
  'complain',
  'unconfined',
]

export function modeSpan(mode: Mode | null): Span {
  if (mode === null) return ''
  const paint = { kill: green, enforce: green, mixed: yellow, prompt: yellow, complain: yellow }
  return mode === 'unconfined' ? red(mode) : paint[mode](mode)
}
