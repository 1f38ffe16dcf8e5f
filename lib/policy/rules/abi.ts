/** Which features of the kernel the policy was written for: `abi <abi/4.0>,`. */
export interface AbiRule {
  readonly kind: 'abi'
  readonly path: string
  /** looked up in the include directories (`<path>`), not from the working directory (`"path"`) */
  readonly magic: boolean
}
