import { SidestreamError } from '../shared/errors.ts'
import type { ChangeEvent } from '../shared/events.ts'
import type { StreamStateDefinition } from '../shared/state-schema.ts'
import { eventWrite, type WriteOptions } from './event-write.ts'
import { writeOf, type WrittenTransaction } from './mutations.ts'
import type { Writes } from './writes.ts'

/** What TanStack DB calls a mutation function with. */
export interface MutationParams {
  readonly transaction: WrittenTransaction
}

/** A mutation function for TanStack DB. Transactions and paced mutations call it with the params; an optimistic action gives its variables first. */
export interface StreamMutationFn {
  (params: MutationParams): Promise<void>
  // TypeScript infers from the last signature: so an action's variables are those of its `onMutate`.
  (variables: unknown, params: MutationParams): Promise<void>
}

export interface WriteCallsOptions {
  readonly state: StreamStateDefinition
  readonly nameOf: (collection: object) => string | undefined
  readonly store: Writes['store']
}

/** The calls by which an application writes. */
export interface WriteCalls {
  readonly mutationFn: StreamMutationFn
  readonly write: (events: ReadonlyArray<ChangeEvent>, options?: WriteOptions) => Promise<{ readonly txid: string }>
}

export function writeCalls({ state, nameOf, store }: WriteCallsOptions): WriteCalls {
  return {
    mutationFn: async (...given: ReadonlyArray<unknown>) => {
      const write = writeOf(transactionOf(given), state, nameOf)
      if (write) await store(write)
    },
    write: async (events, options = {}) => {
      const write = eventWrite(events, options, state)
      await store(write)
      return { txid: write.id }
    },
  }
}

function transactionOf(given: ReadonlyArray<unknown>): WrittenTransaction {
  const { transaction } = (given.slice(0, 2).at(-1) ?? {}) as Partial<MutationParams>
  if (!Array.isArray(transaction?.mutations)) throw new SidestreamError('INVALID_ARGUMENT', 'mutationFn is for TanStack DB, which calls it with a transaction')
  return transaction
}
