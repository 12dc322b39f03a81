import type { ReactNode } from 'react'
import type { createStreamDB as create, CreateStreamDBOptions, StreamDB, StreamHandle, StreamOptions, WorkerOption } from 'sidestream'
import type { queries as namedQueries } from './queries.ts'
import type { city as citySchema, Flight as FlightRow, schema as stateSchema, Task as TaskRow } from './schema.ts'

/** What the pages take for granted in a snippet without imports. */
declare global {
  const url: string
  const userId: string
  const session: { readonly token: string }
  const token: () => string
  const signIn: () => Promise<void>
  const renewToken: () => Promise<void>
  const showMessage: (text: string) => void
  const show: (rows: ReadonlyArray<object>) => void
  const readFromIndexedDB: () => Promise<Task[] | null>
  const writeToIndexedDB: (rows: Task[]) => Promise<void>

  type Flight = FlightRow
  type Task = TaskRow
  const city: typeof citySchema
  const task: TaskRow
  const value: FlightRow
  const schema: typeof stateSchema
  const queries: typeof namedQueries
  const streamOptions: StreamOptions
  const worker: WorkerOption
  const options: CreateStreamDBOptions<typeof stateSchema>
  const db: StreamDB<typeof stateSchema, StreamHandle, typeof namedQueries>

  const createStreamDB: typeof create
  const createLiveQueryCollection: typeof import('sidestream').createLiveQueryCollection
  const createStateSchema: typeof import('sidestream/state').createStateSchema
  const exposeStreamDB: typeof import('sidestream/worker-with-queries').exposeStreamDB

  const act: typeof import('react').act
  const useSyncExternalStore: typeof import('react').useSyncExternalStore
  const root: import('react-dom/client').Root
  const Users: (props: { readonly db: unknown }) => ReactNode
  const useLiveQuery: typeof import('@tanstack/react-db').useLiveQuery

  const shallowRef: typeof import('vue').shallowRef
  const onScopeDispose: typeof import('vue').onScopeDispose
  const from: typeof import('solid-js').from
  const signal: typeof import('@angular/core').signal
  const inject: typeof import('@angular/core').inject
  const DestroyRef: typeof import('@angular/core').DestroyRef
}
