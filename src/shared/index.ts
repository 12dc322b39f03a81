export type { ChangeEvent, ChangeHeaders, ControlEvent, Operation, Row, StateEvent, Value } from './events.ts'
export { isChangeEvent, isControlEvent } from './events.ts'
export { MaterializedState } from './materialized-state.ts'
export { createStateSchema } from './state-schema.ts'
export type {
  CollectionDefinition,
  CollectionEventHelpers,
  CollectionWithHelpers,
  StateSchema,
  StreamStateDefinition,
  SyncMode,
} from './state-schema.ts'
export { defineQueries } from './named-queries.ts'
export type { NamedQueries, NamedQuery, NamedQueryOption, NamedResultCollection, NoQueries, QueryParams, QueryResultCollection, QuerySources } from './named-queries.ts'
export { SidestreamError } from './errors.ts'
export type { Transform } from './transform.ts'
export type { ErrorCode, ErrorData } from './errors.ts'
