import { createStreamDB } from '../main/create-stream-db.ts'
import type { WorkerLike } from '../main/endpoint.ts'
import type { ActionDefinition, CreateStreamDBOptions, StreamDB, StreamDBWithActions } from '../main/options.ts'
import type { ConnectMessage } from '../shared/calls.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import { MemorySource, serveTest, type TestFailure } from './engine.ts'

/** Events as they come on a stream: those of `schema.<collection>.insert({ value })` and its like, or any other value. */
export type TestEvents = ReadonlyArray<unknown>

/** The stream of a test, from its server's side. */
export interface TestStream {
  /** Events that the application has appended, in order. */
  readonly appended: ReadonlyArray<unknown>
  /**
   * The server sends these events, in one batch. Settles when their rows are in the collections. At once when nothing reads the
   * stream yet, or when it has not been read to its end: a first load shows nothing before that.
   */
  send(events: TestEvents): Promise<void>
  /** The stream has been read to its end, from now on. Settles when the collections are ready. */
  upToDate(): Promise<void>
  /**
   * The server cannot be reached, or refuses, from now on; appends reject too. Settles when the status says so: `offline`,
   * `needs-auth` or `not-found`, which takes a second answer, a second later, once there are rows.
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
  const serve = serveTest(source, options.state, transform ?? null)
  const db = createStreamDB<TDef, TActions>({
    ...rest,
    streamOptions: { url: `http://stream.test/${String((streams += 1))}`, contentType: 'application/json' },
    // Reached as a worker is: by messages, and rows are copied.
    worker: { postMessage: (message: ConnectMessage) => { serve(message) }, addEventListener: () => undefined, removeEventListener: () => undefined } as unknown as WorkerLike,
    cache: false,
    pauseWhenHidden: false,
  } as unknown as CreateStreamDBOptions<TDef, TActions>)
  const { status } = db
  /** The application has asked for rows. */
  const isRead = (): boolean => Object.values<{ readonly status: string }>(db.collections).some((collection) => collection.status !== 'idle')

  /** Settles when the status is so; also when the StreamDB is closed, since nothing will change any more. */
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!holds() && status.getSnapshot().connection !== 'closed') return
        stop()
        resolve()
      }
      const stop = status.subscribe(look)
      look()
    })

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
        source.fail(failure)
        const expected = failure === 'offline' ? 'offline' : failure === 404 ? 'not-found' : 'needs-auth'
        if (isRead()) await until(() => status.getSnapshot().connection === expected)
      },
      recover: async () => {
        source.fail(null)
        if (!isRead()) return
        db.reconnect()
        const expected = source.isWhole ? 'live' : 'catching-up'
        await until(() => status.getSnapshot().connection === expected)
      },
    },
  }
}
