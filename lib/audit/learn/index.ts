/** Learning a profile by running a program. */
export { learn } from './learn.ts'
export type { LearnOptions, Lesson, Refusal, Round } from './learn.ts'
export type { Outcome } from './run.ts'
