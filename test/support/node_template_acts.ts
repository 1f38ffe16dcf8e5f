/** What becomes of acts that nobody asked for. */
export const REFUSED: Readonly<Record<string, string>> = {
  read: 'EACCES',
  list: 'EACCES',
  write: 'EACCES',
  own: 'EACCES',
  execute: 'EACCES',
  chown: 'EACCES',
  kill: 'EACCES',
  memory: 'EACCES',
  addon: 'ERR_DLOPEN_FAILED',
  listen: 'EACCES',
  fetch: 'EACCES',
}
