import { createStreamDB } from '../main/create-stream-db.ts'
import type { WorkerLike } from '../main/endpoint.ts'
import type { ActionDefinition, CreateStreamDBOptions, StreamDB, StreamDBWithActions } from '../main/options.ts'
import type { ConnectMessage } from '../shared/calls.ts'
import type { ConnectionState } from '../shared/status.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import { MemorySource, testEngine, type TestFailure } from './engine.ts'

/** Events as they come on a stream: those of `schema.<collection>.insert({ value })` and its like, or any other value. */
export type TestEvents = ReadonlyArray<unknown>

/** The stream of a test, from its server's side. */
export interface TestStream {
  /** Events that the application has appended, in order. */
  readonly appended: ReadonlyArray<unknown>
  /**
   * The server sends these events, in one batch. Settles when their rows are in the collections. At once when nothing reads the
   * stream yet, or when it has not been read to its end: a first load shows nothing before that.
   * @throws SidestreamError `INVALID_ARGUMENT` for what is no list of JSON values; nothing is sent then
   */
  send(events: TestEvents): Promise<void>
  /** The stream has been read to its end, from now on. Settles when the collections are ready. */
  upToDate(): Promise<void>
  /**
   * The server cannot be reached, or refuses, from now on; appends reject too. Settles when the status says so: `offline`,
   * `needs-auth` or `not-found`, which takes three answers, a second apart, once there are rows; or the next `fail` or
   * `recover` has followed. At once when no request is to be expected, since the status will not change: nothing reads the
   * stream yet, it shows `needs-auth`, or the cache was cleared. It does once the application calls `reconnect()`.
   */
  fail(failure?: TestFailure): Promise<void>
  /** The server answers again. Settles when the status says so. */
  recover(): Promise<void>
}

export type TestStreamDBOptions<
  TDef extends StreamStateDefinition,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in createStreamDB
  TActions extends Record<string, ActionDefinition<any>> = Record<string, never>,
> = Pick<CreateStreamDBOptions<TDef, TActions>, 'state' | 'actions' | 'onEvent' | 'onBeforeBatch' | 'onBatch' | 'onInvalid' | 'transform'> & {
  /**
   * What is on the stream before the test begins; it is read to its end. Without it the collections are loading until
   * {@link TestStream.upToDate} is called.
   */
  readonly events?: TestEvents
  /** Takes what the application appends; throwing, or rejecting, refuses it. What is taken comes back on the stream. */
  readonly onAppend?: (events: unknown[]) => void | Promise<void>
}

let streams = 0
/** Between requests while the server fails, at most: a test waits for some of them. */
const PAUSES = { initialDelay: 1000, maxDelay: 1000, multiplier: 1 }

/**
 * A StreamDB for tests of an application's components: the real collections and the real engine, over a stream in memory
 * that the test speaks for. No server, no worker, no storage; `db.close()` leaves nothing behind.
 *
 * @example
 * ```ts
 * const { db, stream } = createTestStreamDB({ state: schema, events: [schema.users.insert({ value: { id: '1', name: 'Ada' } })] })
 * await db.preload()
 * await stream.send([schema.users.delete({ key: '1' })])
 * ```
 */
export function createTestStreamDB<
  TDef extends StreamStateDefinition,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in createStreamDB
  TActions extends Record<string, ActionDefinition<any>> = Record<string, never>,
>(
  options: TestStreamDBOptions<TDef, TActions>,
): { readonly db: TActions extends Record<string, never> ? StreamDB<TDef> : StreamDBWithActions<TDef, TActions>; readonly stream: TestStream } {
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
  const db = createStreamDB<TDef, TActions>({
    ...rest,
    streamOptions: { url: `http://stream.test/${String((streams += 1))}`, contentType: 'application/json', backoffOptions: PAUSES },
    // Reached as a worker is: by messages, and rows are copied.
    worker: { postMessage: (message: ConnectMessage) => { engine.serve(message) }, addEventListener: () => undefined, removeEventListener: () => undefined } as unknown as WorkerLike,
    cache: false,
    pauseWhenHidden: false,
  } as unknown as CreateStreamDBOptions<TDef, TActions>)
  const { status } = db
  /** The application has asked for rows. */
  const isRead = (): boolean => Object.values<{ readonly status: string }>(db.collections).some((collection) => collection.status !== 'idle')

  const looks = new Set<() => void>()
  /** Settles when the status is so; also when the StreamDB is closed, since nothing will change any more. */
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
  /** The server answers otherwise from now on. @returns what waits for the status to say so, or for the next turn */
  const turn = (failure: TestFailure | null): ((connection: ConnectionState) => Promise<void>) => {
    const own = (turns += 1)
    source.fail(failure)
    engine.skip()
    // Those before may never be seen.
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
        // Nothing is asked for without credentials, nor of a cleared cache, before the application says so.
        const isResting = connection === 'needs-auth' || cleared
        if (!isRead() || isResting) return
        // What waits for news fails at once; what pauses after an earlier failure is to ask now.
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
