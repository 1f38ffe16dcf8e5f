import type { Pattern } from '../pattern.ts'
import type { FileQualifiers } from '../qualifiers.ts'

/**
 * What becomes of a program that is executed. `ix` keeps the profile; `px` takes the one that is attached,
 * or named; `cx` a child of this one; `ux` none. A second letter says what happens where there is no such
 * profile: `i` keeps this one, `u` none. A capital cleans the environment. `x` alone is for `deny`.
 */
export type ExecMode =
  | 'x'
  | 'ix'
  | 'ux'
  | 'Ux'
  | 'px'
  | 'Px'
  | 'cx'
  | 'Cx'
  | 'pix'
  | 'Pix'
  | 'cix'
  | 'Cix'
  | 'pux'
  | 'PUx'
  | 'cux'
  | 'CUx'

/** A permission of a file: map executable, read, write, append, link, lock. */
export type FilePermission = 'm' | 'r' | 'w' | 'a' | 'l' | 'k'

/** Access to files: `owner /srv/** rw,`. */
export interface FileRule extends FileQualifiers {
  readonly kind: 'file'
  /** every file without it: `file,` */
  readonly path?: Pattern
  /** letters of {@link FilePermission} in the order `mrwalk`, each once */
  readonly permissions: string
  readonly exec?: ExecMode
  /** under which profile it is executed */
  readonly target?: string
  /** to which file the link may be: written `l /a -> /b` */
  readonly link?: Pattern
  /** the link may not permit more than its target */
  readonly subset?: boolean
  /** the word before the path that cleans the environment, or does not */
  readonly environment?: 'safe' | 'unsafe'
}
