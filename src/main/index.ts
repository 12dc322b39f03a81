export type {
  ChangeEvent,
  ChangeHeaders,
  ControlEvent,
  Operation,
  Row,
  StateEvent,
  Value,
} from '../shared/events.ts'
export { isChangeEvent, isControlEvent } from '../shared/events.ts'
export { MaterializedState } from '../shared/materialized-state.ts'
export { createStateSchema } from '../shared/state-schema.ts'
export { defineQueries } from '../shared/named-queries.ts'
export type { NamedQueries, NamedQuery, NamedQueryOption, NamedResultCollection, NoQueries, QueryParams, QueryResultCollection, QuerySources, ResultUtils } from '../shared/named-queries.ts'
export type { PlainData, QueryStatus } from '../shared/query.ts'
export type {
  CollectionDefinition,
  CollectionEventHelpers,
  CollectionWithHelpers,
  StateSchema,
  StreamStateDefinition,
  SyncMode,
} from '../shared/state-schema.ts'
export { SidestreamError } from '../shared/errors.ts'
export type { ErrorCode, ErrorData } from '../shared/errors.ts'
export { getStreamDBCollectionId } from '../shared/names.ts'
export type { Transform } from '../shared/transform.ts'
export type { SendAnswer, SendContext, SendWrite, SentWrite } from '../shared/send-write.ts'
export type { InvalidEvent } from '../shared/batch.ts'
export type { Inspection } from '../shared/inspection.ts'
export type { LiveMode } from '../shared/settings.ts'
export type { EventExtra, Mutation, PendingWrite, Write, WriteProgress } from '../shared/write.ts'
export type { ConnectionState, EngineHome, StorageMode, StreamDBStatus } from '../shared/status.ts'

export { deleteCaches, listCaches } from './caches.ts'
export type { CacheInfo } from '../shared/cache-info.ts'
export type { ClearOptions } from './clear-options.ts'
export { createStreamDB } from './create-stream-db.ts'
export type { WorkerContext, WorkerOption } from './endpoint.ts'
export type { ActionDefinition, ActionFactory, ActionMap, BackoffOptions, CacheSettings, CollectionMap, CreateStreamDBOptions, GivenStream, HeadersRecord, JsonBatch, ParamsRecord, StreamDB, StreamDBMethods, StreamDBQueries, StreamDBUtils, StreamDBWithActions, StreamOptions } from './options.ts'
export type { WriteOptions } from './event-write.ts'
export type { WrittenMutation, WrittenTransaction } from './mutations.ts'
export type { OutboxStore } from './outbox-list.ts'
export type { StatusStore } from './status.ts'
export type { AppendOptions, StreamHandle } from './stream-handle.ts'
export type { MutationParams, StreamMutationFn } from './write-calls.ts'

// The same names of TanStack DB that @durable-streams/state/db exports, so that applications need one import only.
export type { Collection, SyncConfig } from '@tanstack/db'
export {
  and,
  avg,
  coalesce,
  concat,
  count,
  createCollection,
  createLiveQueryCollection,
  createOptimisticAction,
  createTransaction,
  deepEquals,
  eq,
  gt,
  gte,
  ilike,
  inArray,
  isNull,
  isUndefined,
  like,
  localOnlyCollectionOptions,
  lt,
  lte,
  max,
  min,
  not,
  or,
  queryOnce,
  sum,
  toArray,
} from '@tanstack/db'
