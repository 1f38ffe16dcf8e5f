/** Features by name: a value, or a group of more. */
export interface FeatureTree {
  readonly [name: string]: string | FeatureTree
}
