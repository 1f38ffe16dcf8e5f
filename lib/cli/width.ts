import stringWidth from 'fast-string-width'

const ASCII = /^[\x20-\x7e]*$/

/** How many columns of a terminal a text takes that holds no control characters. */
export const widthOf = (text: string): number =>
  ASCII.test(text) ? text.length : stringWidth(text)
