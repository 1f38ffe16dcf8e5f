/** From records to rules. */
export { apply } from './apply.ts'
export type { Danger, DangerName } from './dangers.ts'
export type { Choice } from './exec.ts'
export { explain } from './explain.ts'
export type { Explanation } from './explain.ts'
export type { Generalisation, GeneralisationName } from './generalise.ts'
export type { ChooseExec, ExecChoice } from './labels.ts'
export { exact, suggest } from './suggest.ts'
export type {
  Advice,
  FlagSuggestion,
  IncludeSuggestion,
  ProfileSuggestion,
  RuleSuggestion,
  SuggestOptions,
  Suggestion,
} from './suggest.ts'
