/** Another place for files: rules for paths that begin with `from` count for `to` as well. */
export interface AliasRule {
  readonly kind: 'alias'
  readonly from: string
  readonly to: string
}
