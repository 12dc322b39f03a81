import { createCollection, Query } from '@tanstack/db'
import type { WorkerLike } from '../../src/main/endpoint.ts'
import type { ConnectMessage } from '../../src/shared/calls.ts'
import { versionOf, type NamedQueries } from '../../src/shared/named-queries.ts'
import { browserEnv } from '../../src/worker/env/browser-env.ts'
import { Host } from '../../src/worker/host.ts'
import type { EngineEnv, QueryRunningOptions, QueryRunning, StoredMeta, StoreReader } from '../../src/worker/ports.ts'
import { fromPeer } from '../../src/worker/queries/peer-queries.ts'
import { QueryRunner } from '../../src/worker/queries/runner.ts'
import { emptyOutbox, MemoryOutbox } from '../../src/worker/store/memory-outbox.ts'
import { emptyMedium, MemoryStore, type MemoryMedium } from '../../src/worker/store/memory-store.ts'
import { accept } from '../../src/worker/tabs/comlink.ts'

/** A worker of this thread, which runs queries. */
export interface QueryWorker {
  /** For the option `worker`: each tab that has it is a tab of this worker. */
  readonly worker: WorkerLike
  /** The queries that have been opened, by name; `inline` for others. */
  readonly opened: string[]
  /** Those that are closed. */
  readonly closed: string[]
  /** Those whose window was moved. */
  readonly moved: string[]
}

export interface QueryWorkerOptions {
  readonly fetch: typeof fetch
  readonly named?: NamedQueries
  /** A worker without a query engine. */
  readonly isStock?: boolean
  /** What is stored, for several workers one after the other. Default: nothing is. */
  readonly medium?: MemoryMedium
  /** When this settles, what is stored has been read: its rows have gone to the tabs before that. */
  readonly read?: Promise<void>
}

export function queryWorker({ fetch, named = {}, isStock = false, medium, read }: QueryWorkerOptions): QueryWorker {
  const opened: string[] = []
  const closed: string[] = []
  const moves: string[] = []
  const create = (options: QueryRunningOptions): QueryRunning => {
    const runner = new QueryRunner({ ...options, named: fromPeer(named, { createCollection, Query }) })
    return {
      open: (query, onChanges, onFailed) => {
        const name = query.kind === 'named' ? query.name : 'inline'
        const run = runner.open(query, onChanges, onFailed)
        opened.push(name)
        return {
          get cost() {
            return run.cost
          },
          move: (moved) => {
            moves.push(name)
            run.move(moved)
          },
          close: () => {
            closed.push(name)
            run.close()
          },
        }
      },
      changed: (diff) => { runner.changed(diff) },
      replaced: () => { runner.replaced() },
      close: () => { runner.close() },
    }
  }
  const env: EngineEnv = {
    ...browserEnv({ fetch }),
    openStore: () => Promise.resolve(new (read ? slow(read) : MemoryStore)(medium ?? emptyMedium())),
    openOutbox: () => Promise.resolve(new MemoryOutbox(emptyOutbox())),
  }
  const host = new Host(env, () => new Map(), () => null, 0, () => (isStock ? null : { version: versionOf(named), create }))
  const admission = host.at({ where: 'shared-worker', aliveLock: null })
  return {
    opened,
    closed,
    moved: moves,
    worker: {
      postMessage: (message: ConnectMessage) => {
        accept(admission, message)
      },
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    } as unknown as WorkerLike,
  }
}

const slow = (read: Promise<void>) =>
  class extends MemoryStore {
    override async read(reader: StoreReader): Promise<StoredMeta | null> {
      const meta = await super.read(reader)
      await read
      return meta
    }
  }
