/** The text of another file, or of each file of a directory: `include <abstractions/base>`. */
export interface IncludeRule {
  readonly kind: 'include'
  readonly path: string
  /** looked up in the include directories (`<path>`), not from the working directory (`"path"`) */
  readonly magic: boolean
  /** a missing file is no error (`include if exists`) */
  readonly ifExists?: boolean
}
