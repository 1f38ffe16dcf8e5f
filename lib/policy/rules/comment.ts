/** A comment: `# why`. */
export interface Comment {
  readonly kind: 'comment'
  /** what follows the `#`, without the end of the line */
  readonly text: string
  /** after a rule, on the same line */
  readonly trailing?: boolean
}

/** Empty lines between rules. */
export interface Blank {
  readonly kind: 'blank'
  readonly lines: number
}
