export const HOMES = ['shared', 'dedicated', 'page'] as const
/** Where the engine runs: a shared worker, a worker of this page, or the page. */
export type Home = (typeof HOMES)[number]

const EVERYWHERE = [
  'preload shows the rows that were appended before',
  'a live append is seen, and awaitTxId settles with it',
  'an update is seen',
  'a delete is seen',
  'malformed events leave the rest',
  'a reset clears the rows, and what follows is seen',
  'a second StreamDB shows the same rows, whichever of the two appends',
  'the status says where the engine runs',
  'a second StreamDB may go away without a word',
  'after a reopening the rows are there before the network answers',
  'clearCache leaves no database',
  'close ends everything',
  'no error went unhandled',
] as const
const IN_A_SHARED_WORKER = ['two StreamDBs have one engine'] as const

export type CheckName = (typeof EVERYWHERE)[number] | (typeof IN_A_SHARED_WORKER)[number]

/** What has to hold, by name and in any order. */
export const checksOf = (home: Home): readonly CheckName[] => [...EVERYWHERE, ...(home === 'shared' ? IN_A_SHARED_WORKER : [])]

export interface CheckResult {
  readonly name: CheckName
  readonly ok: boolean
  readonly detail: string
}
