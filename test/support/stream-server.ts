import { DurableStreamTestServer, type StreamStore } from '@durable-streams/server'
import type { TokenDemand } from './faults/bearer-gate.ts'
import type { Faults } from './faults/fault-plan.ts'
import { FaultProxy, type WriteRule } from './faults/fault-proxy.ts'
import type { RequestLog, RequestMatch } from './faults/request-log.ts'
import { StreamFixtures, type AppendOptions } from './stream-fixtures.ts'

export type { TokenDemand, TokenRule } from './faults/bearer-gate.ts'
export type { Fault, Faults, FaultScope, HoldFault, RespondOptions } from './faults/fault-plan.ts'
export type { LoggedRequest, RequestLog, RequestMatch, RequestOutcome } from './faults/request-log.ts'
export type { AppendOptions } from './stream-fixtures.ts'

export interface StreamServerOptions {
  /** Default: any free port. */
  readonly port?: number
  /** How long the server holds a long-poll without news. Default: 30 s, as in production. */
  readonly longPollTimeoutMs?: number
  /** Default: off, so that bytes counted and cut are bytes of JSON. */
  readonly compression?: boolean
  readonly token?: TokenDemand
  readonly paceMbit?: number
}

export interface StreamServer {
  /** The proxy's origin: what pages talk to. It stays the same while offline. */
  readonly url: string
  readonly port: number
  /** The embedded server's own storage. */
  readonly store: StreamStore

  streamUrl(path: string): string
  /** Returns the stream's URL. */
  createStream(path: string): string
  /** Returns the offset after the last event. Readers that wait are woken. */
  append(path: string, events: readonly unknown[], options?: AppendOptions): string
  deleteStream(path: string): void
  /** The same path, empty, with offsets that start over. */
  recreateStream(path: string): string
  /** No append will ever follow; readers are told. */
  closeStream(path: string): void
  tailOffset(path: string): string
  /** Every event, for a naive fold to compare with. */
  events(path: string): unknown[]

  readonly log: RequestLog
  readonly faults: Faults
  readonly online: boolean
  readonly openConnections: number
  goOffline(): Promise<void>
  goOnline(): Promise<void>
  dropConnections(): void
  /** As {@link dropConnections}, of the requests that match. */
  breakRequests(match: RequestMatch): void
  requireToken(demand: TokenDemand): void
  refuseWrites(rule: WriteRule): void
  pace(mbitPerSecond: number | null): void
  /** Back to an online, unpaced, open server without faults, which refuses no write; streams and log stay. */
  heal(): Promise<void>
  close(): Promise<void>
}

/** A real Durable Streams server behind a proxy that can misbehave. Appends go past the proxy, straight to storage. */
export async function startStreamServer(options: StreamServerOptions = {}): Promise<StreamServer> {
  const server = new DurableStreamTestServer({
    port: 0,
    host: '127.0.0.1',
    compression: options.compression ?? false,
    longPollTimeout: options.longPollTimeoutMs ?? 30_000,
  })
  const proxy = new FaultProxy(await server.start())
  proxy.requireToken(options.token ?? null)
  proxy.pace(options.paceMbit ?? null)
  await proxy.listen(options.port ?? 0)

  const fixtures = new StreamFixtures(server.store as StreamStore)
  const streamUrl = (path: string): string => new URL(path, proxy.origin).href
  const create = (path: string): string => {
    fixtures.create(path)
    return streamUrl(path)
  }

  return {
    url: proxy.origin,
    port: proxy.port,
    store: fixtures.store,
    streamUrl,
    createStream: create,
    append: (path, events, appendOptions) => fixtures.append(path, events, appendOptions),
    deleteStream: (path) => fixtures.delete(path),
    recreateStream: (path) => {
      fixtures.delete(path)
      return create(path)
    },
    closeStream: (path) => fixtures.close(path),
    tailOffset: (path) => fixtures.tailOffset(path),
    events: (path) => fixtures.events(path),
    log: proxy.log,
    faults: proxy.faults,
    get online() {
      return proxy.online
    },
    get openConnections() {
      return proxy.openConnections
    },
    goOffline: () => proxy.goOffline(),
    goOnline: () => proxy.goOnline(),
    dropConnections: () => proxy.dropConnections(),
    breakRequests: (match) => proxy.breakRequests(match),
    requireToken: (demand) => proxy.requireToken(demand),
    refuseWrites: (rule) => proxy.refuseWrites(rule),
    pace: (mbit) => proxy.pace(mbit),
    heal: async () => {
      proxy.faults.clear()
      proxy.requireToken(null)
      proxy.refuseWrites(null)
      proxy.pace(null)
      await proxy.goOnline()
    },
    close: async () => {
      // The proxy first: the server waits for its connections to end.
      await proxy.close()
      await server.stop()
    },
  }
}
