import type { TabContract } from '../shared/calls.ts'
import { statusAfter, type TabStatus } from '../shared/status.ts'
import type { ClearedMark } from '../shared/cleared-mark.ts'
import type { OnError } from './on-error.ts'
import { idleTurn, Pace } from './pace.ts'
import type { Preload } from './preload.ts'
import { sizeOf, type Replica } from './replica.ts'
import type { Status } from './status.ts'
import type { StreamHooks } from './stream-hooks.ts'
import type { Writes } from './writes.ts'

/** The parts of a tab that use the engine's messages. */
export interface InboxOptions {
  readonly replica: Pick<Replica, 'offset' | 'isEmpty' | 'continues' | 'apply' | 'follow' | 'removeAll'>
  /** Null when the application has given none. */
  readonly callbacks: () => {
    readonly hooks: Pick<StreamHooks, 'before' | 'refused' | 'after' | 'follow'>
    readonly onError: Pick<OnError, 'refused' | 'progress'>
  } | null
  /** The rows of these transactions are in the collections now. */
  readonly onTxids: (txids: ReadonlyArray<string>) => void
  /** Null while this tab has written nothing. */
  readonly writes: () => Pick<Writes, 'stored' | 'follow'> | null
  readonly cleared: Pick<ClearedMark, 'told'>
  readonly status: Pick<Status, 'getSnapshot' | 'set'>
  /** By the ids of this tab's collections, what an engine says of queries by names. */
  readonly queriesOf: (queries: TabStatus['queries']) => TabStatus['queries']
  readonly preload: Pick<Preload, 'isReady' | 'observe'>
  /** Asked anew at each use: the application may close the StreamDB while a batch is applied. */
  readonly isClosed: () => boolean
  /** The engine says that the cache was cleared. */
  readonly onCleared: () => void
  /** The engine sends rows that this tab takes. */
  readonly onApplied: () => void
  /** The rows of all collections can be shown, but for those `filling`. */
  readonly onReady: (filling: ReadonlyArray<string>) => void
}

/** Takes what an engine sends, and hands it to the parts of the tab in one order. */
export interface Inbox extends Pick<TabContract, 'apply' | 'status'> {
  /** The engine has all rows, which may still be on their way to this tab. */
  readonly engineIsReady: boolean
  /** A session is open: the next batches come from another engine. */
  follow(epoch: string, status: TabStatus): void
}

export function openInbox({ replica, callbacks, onTxids, writes, cleared, status, queriesOf, preload, isClosed, onCleared, onApplied, onReady }: InboxOptions): Inbox {
  const pace = new Pace()
  let engineIsReady = false
  /** Failed attempts of the present engine that `onError` was told of, or that are older than the session. */
  let failedAttempts = 0
  let engineOffset: string | null = null

  const shown = (engine: TabStatus): TabStatus => ({ ...statusAfter(engine, status.getSnapshot()), queries: queriesOf(engine.queries) })

  const onStatus = (engine: TabStatus): void => {
    if (isClosed()) return
    engineIsReady = engine.ready
    cleared.told(engine.cleared)
    // The engine removes the rows as well, unless it is lost before that.
    if (engine.cleared && !replica.isEmpty) replica.removeAll()
    // The engine is ahead of this tab while rows are under way: the offset shown is the tab's.
    status.set({ ...shown(engine), offset: replica.offset, ready: preload.isReady })
    const isRefused = engine.failedAttempts > failedAttempts && engine.lastError?.code !== 'OFFLINE'
    failedAttempts = engine.failedAttempts
    // Before `preload` rejects the pending calls: `onError` may lead to a retry.
    if (isRefused && engine.lastError) callbacks()?.onError.refused(engine.lastError)
    if (engine.offset !== engineOffset || engine.upToDate) callbacks()?.onError.progress()
    engineOffset = engine.offset
    preload.observe()
    writes()?.follow(engine)
    if (engine.cleared) onCleared()
  }

  return {
    get engineIsReady() {
      return engineIsReady
    },
    follow: (epoch, engine) => {
      replica.follow(epoch)
      callbacks()?.hooks.follow()
      failedAttempts = engine.failedAttempts
      onStatus(engine)
    },
    apply: async (batch) => {
      if (isClosed() || !replica.continues(batch)) return 'resync'
      if (batch.status) cleared.told(batch.status.cleared)
      callbacks()?.hooks.before(batch)
      const wasReady = preload.isReady
      const began = performance.now()
      pace.came(began, sizeOf(batch.diffs))
      const ack = await replica.apply(batch).catch((error: unknown) => {
        callbacks()?.hooks.refused(batch)
        throw error
      })
      const tookMs = performance.now() - began
      if (ack !== 'applied') callbacks()?.hooks.refused(batch)
      if (ack !== 'applied' || isClosed()) return ack
      onApplied()
      if (batch.last) {
        if (batch.ready) onReady(batch.filling)
        // A subscriber may have closed the StreamDB meanwhile.
        if (isClosed()) return ack
        status.set({ ...(batch.status && shown(batch.status)), offset: replica.offset, ready: preload.isReady, stale: batch.stale && batch.ready })
        if (batch.status) writes()?.follow(batch.status)
        onTxids(batch.txids)
        writes()?.stored(batch.stored)
      } else if (batch.stale) {
        status.set({ stale: true })
      }
      callbacks()?.hooks.after(batch)
      preload.observe()
      // The first load is answered without a rest, because the next batch may correct its rows.
      if (batch.last) await (batch.isFill ? idleTurn() : pace.nextTurn(wasReady ? tookMs : 0))
      return ack
    },
    status: onStatus,
  }
}
