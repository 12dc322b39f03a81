import type { StreamSettings } from '../shared/protocol.ts'
import type { Registry } from './store/registry.ts'
import type { Store } from './store/store.ts'
import type { RequestAsker, StreamSource } from './stream/source.ts'

/** Time, as the engine sees it. */
export interface Clock {
  /** ms since a moment that is the same for all workers of a machine; never goes back */
  now(): number
  /** Runs `task` after `delayMs`; the result cancels it. */
  after(delayMs: number, task: () => void): () => void
}

/** A held lock. */
export interface Lock {
  release(): void
  /** Settles when somebody has stolen it. */
  readonly lost: Promise<void>
}

/** Exclusive names, as Web Locks. */
export interface Locks {
  /** Whether there are others who respect them. Where not, every lock is granted. */
  readonly areReal: boolean
  /** The lock if it is free now, else null. */
  take(name: string): Promise<Lock | null>
  /** The lock, once it is free. Rejects when `signal` aborts. */
  wait(name: string, signal: AbortSignal): Promise<Lock>
  /** The lock, whoever holds it; that one's other locks of these names are freed as well. */
  steal(name: string, others: ReadonlyArray<string>): Promise<Lock>
}

/** What all of an origin's workers and pages hear, as a BroadcastChannel. */
export interface Channel {
  post(message: unknown): void
  close(): void
}

/** A key pair of one worker. */
export interface SealingKey {
  /** Handed to whoever is to seal something for this worker. */
  readonly publicKey: Uint8Array
  /** Rejects what was not sealed to this key. */
  open(sealed: Uint8Array): Promise<string>
}

/** Keeps what crosses a channel from everyone but the one whom it is for. */
export interface Sealing {
  newKey(): Promise<SealingKey>
  seal(publicKey: Uint8Array, text: string): Promise<Uint8Array>
}

/** Storage and what goes with it: all that removing a cache takes. */
export interface StorageEnv {
  readonly clock: Clock
  readonly locks: Locks
  readonly registry: Registry
  /** ms since 1970, as a calendar has it: it survives restarts, and it may be set back. */
  wallNow(): number
  /** In [0, 1). */
  random(): number
  /** Joins a channel; null where there are none, or no locks that are shared with the others on it. */
  openChannel(name: string, onMessage: (message: unknown) => void): Channel | null
  /**
   * Deletes a cache database, without opening it. Done as well when there is none, or no storage that could have one.
   * Rejects when that fails, or takes too long because the database is in use; it may be done later all the same.
   */
  deleteStore(name: string): Promise<void>
  /** Names of databases, where the browser tells; else none. */
  storeNames(): Promise<ReadonlyArray<string>>
}

/** Everything outside of the engine. The simulation brings another one. */
export interface EngineEnv extends StorageEnv {
  readonly sealing: Sealing
  /** A fresh, unguessable id. */
  newId(): string
  /** Opens the cache database. Rejects when there is none to be had; never hangs. */
  openStore(name: string, durability: 'relaxed' | 'strict'): Promise<Store>
  createSource(settings: StreamSettings, ask: RequestAsker): StreamSource
}
