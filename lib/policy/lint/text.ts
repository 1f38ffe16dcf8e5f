import type { World } from '../effective.ts'
import { Glob } from '../pattern.ts'
import { encodeBytes } from '../../border/text.ts'

/** The name of a profile with the values of its variables. */
export function toWhole(world: World, name: string): string {
  return name.includes('@{') ? (world.expand(new Glob(name), name) ?? name) : name
}

/** The length in UTF-8. */
export const byteLength = (text: string): number => encodeBytes(text).length
