import type { StreamDBMethods } from '../main/options.ts'

/** What the panel needs of a StreamDB. */
export type DevtoolsDB = Pick<StreamDBMethods, 'stream' | 'status' | 'outbox' | 'reconnect' | 'clearCache' | 'inspect'> & {
  readonly collections: Readonly<Record<string, { readonly size: number; readonly status: string }>>
}

/** One StreamDB, or several. */
export type DevtoolsDBs = DevtoolsDB | ReadonlyArray<DevtoolsDB>

export const listOf = (dbs: DevtoolsDBs): ReadonlyArray<DevtoolsDB> => (isList(dbs) ? dbs : [dbs])

const isList = (dbs: DevtoolsDBs): dbs is ReadonlyArray<DevtoolsDB> => Array.isArray(dbs)
