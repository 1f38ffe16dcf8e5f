/** @param {readonly number[]} numbers */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * One line for one claim.
 *
 * @param {string} claim
 * @param {string} figure
 * @param {string} limit
 * @param {boolean} holds
 */
export function report(claim, figure, limit, holds) {
  console.log(`${holds ? 'holds' : 'FAILS'}  ${claim.padEnd(52)} ${figure.padStart(8)}  (${limit})`)
}
