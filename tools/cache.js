import { homedir } from 'node:os'
import { join } from 'node:path'

/** @param {string} name what to keep, a directory of its own below the user's cache */
export const cacheDirectory = (name) =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), name)
