import * as callbacks from '../main/callbacks.ts'
import { createStreamDB } from '../main/create-stream-db.ts'
import type { WorkerLike } from '../main/endpoint.ts'
import { inspectingPart } from '../main/inspecting-part.ts'
import type { ActionDefinition, CreateStreamDBOptions, StreamDB, StreamDBWithActions } from '../main/options.ts'
import { callbacksPart } from '../main/callbacks-part.ts'
import { queriesPart } from '../main/queries-part.ts'
import { resultsPart } from '../main/results-part.ts'
import type { StreamHandle } from '../main/stream-handle.ts'
import { writingPart } from '../main/writing-part.ts'
import * as inspecting from '../main/inspecting.ts'
import * as queries from '../main/queries.ts'
import * as results from '../main/results.ts'
import * as writing from '../main/writing.ts'
import type { ConnectMessage } from '../shared/calls.ts'
import type { ConnectionState } from '../shared/status.ts'
import type { NamedQueries, NoQueries } from '../shared/named-queries.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import { MemorySource, testEngine, type TestFailure } from './engine.ts'

/** Events on a stream: results of `schema.<collection>.insert({ value })` and the other event helpers, or any JSON values. */
export type TestEvents = ReadonlyArray<unknown>

/** The stream of a test, from its server's side. */
export interface TestStream {
  /** Events that the application has appended, in order. */
  readonly appended: ReadonlyArray<unknown>
  /**
   * The server sends these events, in one batch. Settles when their rows are in the collections. Settles at once when nothing
   * reads the stream yet, and (without the option `events`) before `upToDate()`: a first load shows no rows before the end.
   * @throws SidestreamError `INVALID_ARGUMENT` when `events` is no list of JSON values; nothing is sent then
   */
  send(events: TestEvents): Promise<void>
  /** From now on the last event is the stream's end. Settles when the collections are ready; at once when nothing reads yet. */
  upToDate(): Promise<void>
  /**
   * From now on the server cannot be reached, or refuses; appends reject too. Settles when the status shows the failure
   * (`offline`, `needs-auth`, `not-found`), or at the next `fail` or `recover`. When there are rows, `not-found` takes three
   * answers, one second apart. Settles at once when the engine makes no request: nothing reads the stream yet, the status is
   * `needs-auth`, or the cache was cleared. The status then changes after `reconnect()`.
   * @param failure default `offline`
   */
  fail(failure?: TestFailure): Promise<void>
  /** The server answers again. Settles when the status is `live` or `catching-up`; at once when nothing reads the stream yet. */
  recover(): Promise<void>
}

export type TestStreamDBOptions<
  TDef extends StreamStateDefinition,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in createStreamDB
  TActions extends Record<string, ActionDefinition<any>> = Record<string, never>,
  TQueries extends NamedQueries = NoQueries,
> = Pick<CreateStreamDBOptions<TDef, TActions, StreamHandle, TQueries>, 'state' | 'actions' | 'queries' | 'onEvent' | 'onBeforeBatch' | 'onBatch' | 'onInvalid' | 'transform'> & {
  /**
   * The events on the stream before the test begins; the last one is the stream's end. Without `events` the collections are
   * loading until {@link TestStream.upToDate} is called.
   */
  readonly events?: TestEvents
  /** Gets the events of each append. When it throws or rejects, the append is refused; else the stream gets the events. */
  readonly onAppend?: (events: unknown[]) => void | Promise<void>
}

let streams = 0
/** The back-off while the server fails, ms: short, because a test waits for some of the pauses. */
const PAUSES = { initialDelay: 1000, maxDelay: 1000, multiplier: 1 }

/**
 * A StreamDB for tests of an application's components: the real collections and the real engine, over a stream in memory.
 * The test plays the server. No server, no worker, no storage; `db.close()` leaves nothing behind.
 *
 * @example
 * ```ts
 * const { db, stream } = createTestStreamDB({ state: schema, events: [schema.users.insert({ value: { id: '1', name: 'Ada' } })] })
 * await db.preload()
 * await stream.send([schema.users.delete({ key: '1' })])
 * ```
 * @throws SidestreamError `INVALID_OPTIONS`; `INVALID_ARGUMENT` when `events` is no list of JSON values
 */
export function createTestStreamDB<
  TDef extends StreamStateDefinition,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in createStreamDB
  TActions extends Record<string, ActionDefinition<any>> = Record<string, never>,
  TQueries extends NamedQueries = NoQueries,
>(
  options: TestStreamDBOptions<TDef, TActions, TQueries>,
): { readonly db: TActions extends Record<string, never> ? StreamDB<TDef, StreamHandle, TQueries> : StreamDBWithActions<TDef, TActions, StreamHandle, TQueries>; readonly stream: TestStream } {
  // They are there from the start: a test with a clock of its own waits for no file.
  callbacksPart.code = callbacks
  inspectingPart.code = inspecting
  queriesPart.code = queries
  resultsPart.code = results
  writingPart.code = writing
  const { events, onAppend, transform, ...rest } = options
  const source = new MemorySource()
  const appended: unknown[] = []
  source.onAppend = async (written) => {
    appended.push(...written)
    await onAppend?.(written)
  }
  if (events) {
    source.add(events)
    source.complete()
  }
  const engine = testEngine(source, options.state, transform ?? null)
  const db = createStreamDB<TDef, TActions, StreamHandle, TQueries>({
    ...rest,
    streamOptions: { url: `http://stream.test/${String((streams += 1))}`, contentType: 'application/json', backoffOptions: PAUSES },
    // The engine is reached like a worker: by messages, so rows are copied.
    worker: { postMessage: (message: ConnectMessage) => { engine.serve(message) }, addEventListener: () => undefined, removeEventListener: () => undefined } as unknown as WorkerLike,
    cache: false,
    pauseWhenHidden: false,
  } as unknown as CreateStreamDBOptions<TDef, TActions, StreamHandle, TQueries>)
  const { status } = db
  /** The application has asked for rows. */
  const isRead = (): boolean => Object.values<{ readonly status: string }>(db.collections).some((collection) => collection.status !== 'idle')

  const looks = new Set<() => void>()
  /** Settles when `holds` returns true, or when the StreamDB is closed: its status does not change any more. */
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!holds() && status.getSnapshot().connection !== 'closed') return
        stop()
        looks.delete(look)
        resolve()
      }
      const stop = status.subscribe(look)
      looks.add(look)
      look()
    })

  let turns = 0
  /** Sets how the server answers. @returns a function that waits until the status shows it, or until the next turn */
  const turn = (failure: TestFailure | null): ((connection: ConnectionState) => Promise<void>) => {
    const own = (turns += 1)
    source.fail(failure)
    engine.skip()
    // The status that an earlier turn waits for may never come: this call lets that turn settle.
    for (const look of [...looks]) look()
    return (connection) => until(() => own !== turns || status.getSnapshot().connection === connection)
  }

  return {
    db,
    stream: {
      appended,
      send: async (sent) => {
        source.add(sent)
        const { tail } = source
        if (isRead() && source.isWhole) await until(() => db.offset >= tail)
      },
      upToDate: async () => {
        source.complete()
        if (isRead()) await until(() => status.getSnapshot().upToDate && status.getSnapshot().ready)
      },
      fail: async (failure = 'offline') => {
        const shows = turn(failure)
        const { connection, cleared } = status.getSnapshot()
        // Without credentials, or after a clear, the engine makes no request before the application calls `reconnect()`.
        const isResting = connection === 'needs-auth' || cleared
        if (!isRead() || isResting) return
        // A live read fails at once by itself. A reader that pauses after an earlier failure has to ask now.
        if (connection !== 'live') db.reconnect()
        await shows(failure === 'offline' ? 'offline' : failure === 404 ? 'not-found' : 'needs-auth')
      },
      recover: async () => {
        const shows = turn(null)
        if (!isRead()) return
        db.reconnect()
        await shows(source.isWhole ? 'live' : 'catching-up')
      },
    },
  }
}
