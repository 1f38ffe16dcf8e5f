const { FORCE_COLOR, NO_COLOR } = process.env
const coloured = !NO_COLOR && (FORCE_COLOR ? FORCE_COLOR !== '0' : Boolean(process.stdout.isTTY))

/** @param {number} code of the terminal's SGR sequence */
const sgr = (code) => (/** @type {string} */ text) =>
  coloured ? `\x1b[${code}m${text}\x1b[0m` : text

/** Colours for a terminal, plain text elsewhere. */
export const paint = {
  coloured,
  bold: sgr(1),
  dim: sgr(2),
  red: sgr(31),
  green: sgr(32),
  yellow: sgr(33),
  cyan: sgr(36),
}
