export { HeldSubsets } from './held-subsets.ts'
export { QueryWindow } from './query-window.ts'
