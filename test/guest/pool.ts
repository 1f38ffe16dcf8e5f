// What a pool's process does for the tests.
import { readFileSync } from 'node:fs'

export default (file: string): string => readFileSync(file, 'utf8').trim()
