import type { EngineContract, Outcome } from '../shared/calls.ts'
import { fromErrorData, SidestreamError } from '../shared/errors.ts'
import type { Remote } from './connect.ts'

/** What an application asks for a pending write. */
export type OutboxCall = 'retry' | 'discard'

/** @throws SidestreamError what the engine answers, and `INVALID_ARGUMENT` */
export async function askOutbox(call: (ask: (engine: Remote<EngineContract>) => Promise<Outcome<boolean>>) => Promise<Outcome<boolean>>, id: unknown, name: OutboxCall): Promise<boolean> {
  // An engine does not answer a call that its guards refuse.
  if (typeof id !== 'string') throw new SidestreamError('INVALID_ARGUMENT', `outbox.${name} takes the id of a write, and not a value of type ${typeof id}`)
  const outcome = await call((engine) => (name === 'retry' ? engine.retryWrite(id) : engine.discardWrite(id)))
  if (!outcome.ok) throw fromErrorData(outcome.error)
  return outcome.value
}
