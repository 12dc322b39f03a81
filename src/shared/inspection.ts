import type { ErrorData } from './errors.ts'
import type { Expression } from './expression.ts'
import type { ConnectionState, EngineHome } from './status.ts'

/** One StreamDB of an engine. */
export interface InspectedTab {
  /** It is the one that asks. */
  readonly isSelf: boolean
  readonly where: EngineHome
  readonly visible: boolean
  /** It has asked for rows. */
  readonly started: boolean
  /** It still lacks rows, or has not answered the last message. */
  readonly behind: boolean
  /** Offset up to which it has been sent rows. */
  readonly offset: string
  readonly failovers: number
}

/** A change of an engine's connection, or an event that causes one. */
export interface ConnectionNote {
  /** By {@link Inspection.now}. */
  readonly at: number
  /** The state from then on. */
  readonly state: ConnectionState
  /** `hidden` all tabs were hidden · `application` it called `reconnect()` · `online` a browser is online again */
  readonly why: 'hidden' | 'application' | 'online' | null
  readonly error: ErrorData | null
}

export interface InspectedCollection {
  readonly name: string
  readonly rows: number
  /** Bytes of the rows as JSON, estimated by the first of them; null when they cannot be read. */
  readonly bytes: number | null
  /** Null when it is not known what the cache holds: before the first commit of an engine that writes it, and always in another one. */
  readonly stored: null | {
    readonly segments: number
    readonly entries: number
    /** Entries that no later entry replaces; null before the first commit. */
    readonly live: number | null
  }
}

/** A subset that tabs hold: equal subsets are one. */
export interface InspectedSubset {
  readonly collection: string
  /** Null for all rows. */
  readonly where: Expression | null
  /** Null without a limit. */
  readonly first: null | { readonly expression: Expression; readonly direction: 'asc' | 'desc'; readonly rows: number }
  /** How many rows it has. */
  readonly rows: number
  readonly tabs: number
}

/** A query that tabs want of the engine: equal queries are one. */
export interface InspectedQuery {
  /** Of a named query; null of one that was sent as data. */
  readonly name: string | null
  /** The parameters of a named query, as JSON; else the collections that it reads. */
  readonly about: string
  readonly rows: number
  /** The mean time of a run, ms; null before the first. */
  readonly runMs: number | null
  readonly tabs: number
  /** Why the engine does not run it. */
  readonly error: ErrorData | null
}

/** An index that queries have needed. */
export interface InspectedIndex {
  readonly collection: string
  readonly expression: Expression
  /** All rows are in it. */
  readonly complete: boolean
}

export interface QuarantinedEvent {
  /** By {@link Inspection.now}. */
  readonly at: number
  readonly code: string
  readonly reason: string
  readonly offset: string
  /** The beginning of the event, as JSON. */
  readonly text: string
}

/** A stream item, as it was read. */
export interface ReadEvent {
  /** They are counted, from when an engine is first looked at. */
  readonly number: number
  /** By {@link Inspection.now}. */
  readonly at: number
  readonly offset: string
  readonly kind: 'change' | 'control' | 'malformed'
  /** The operation, or the control. */
  readonly operation: string
  /** Empty for anything but a change. */
  readonly type: string
  readonly key: string
  /** The beginning of a change's value, or of the whole item, as JSON. */
  readonly text: string
}

/**
 * What an engine says of itself, for people: a panel, a report of a fault. Its fields may change in any release. It has keys and
 * values of events in it, and constants of queries.
 */
export interface Inspection {
  readonly epoch: string
  /** The engine's clock, ms. */
  readonly now: number
  readonly tabs: ReadonlyArray<InspectedTab>
  /** The last ones, oldest first. */
  readonly connections: ReadonlyArray<ConnectionNote>
  /** Offset of the last event in the rows. */
  readonly offset: string
  /** Number of change events in the rows. */
  readonly seq: number
  /** Number of changed rows that the cache does not hold; null when this engine does not know. */
  readonly unstored: number | null
  readonly collections: ReadonlyArray<InspectedCollection>
  readonly subsets: ReadonlyArray<InspectedSubset>
  readonly indexes: ReadonlyArray<InspectedIndex>
  readonly queries: ReadonlyArray<InspectedQuery>
  /** The last ones since the engine started, oldest first. */
  readonly quarantined: ReadonlyArray<QuarantinedEvent>
  /** The last ones, oldest first. An engine keeps them while it is asked for them every few seconds. */
  readonly events: ReadonlyArray<ReadEvent>
}
