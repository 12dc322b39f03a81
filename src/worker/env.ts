import type { StreamSettings } from '../shared/protocol.ts'
import type { Store } from './store/store.ts'
import type { RequestAsker, StreamSource } from './stream/source.ts'

/** Time, as the engine sees it. */
export interface Clock {
  /** Runs `task` after `delayMs`; the result cancels it. */
  after(delayMs: number, task: () => void): () => void
}

/** A held lock. */
export interface Lock {
  release(): void
}

/** Exclusive names, as Web Locks. */
export interface Locks {
  /** The lock if it is free now, else null. */
  take(name: string): Promise<Lock | null>
  /** The lock, once it is free. Rejects when `signal` aborts. */
  wait(name: string, signal: AbortSignal): Promise<Lock>
}

/** Everything outside of the engine. The simulation brings another one. */
export interface EngineEnv {
  readonly clock: Clock
  readonly locks: Locks
  /** In [0, 1). */
  random(): number
  /** A fresh, unguessable id. */
  newId(): string
  /** Opens the cache database. Rejects when there is none to be had; never hangs. */
  openStore(name: string, durability: 'relaxed' | 'strict'): Promise<Store>
  createSource(settings: StreamSettings, ask: RequestAsker): StreamSource
}
