// Much more than the calls take that it is reserved for.
const DEPTH = 500

/**
 * Throws the RangeError of a full stack now, if the next few calls might: to be called before a change that
 * cannot be taken back.
 */
export function reserveStack(depth: number = DEPTH): number {
  return depth === 0 ? 0 : 1 + reserveStack(depth - 1)
}
