import { fromErrorData, SidestreamError } from '../shared/errors.ts'
import type { Inspection } from '../shared/inspection.ts'
import { isInspection } from '../shared/inspection-guard.ts'
import type { Link } from './link.ts'

/**
 * Asks the engine, if there is one: a panel starts none.
 * @throws SidestreamError `WORKER_DIED`, `CLOSED`, and what the engine answers
 */
export async function inspect(link: Link): Promise<Inspection | null> {
  if (!link.isOpen) return null
  const outcome = await link.call((engine) => engine.inspect())
  if (!outcome.ok) throw fromErrorData(outcome.error)
  if (!isInspection(outcome.value)) throw new SidestreamError('STREAM_ERROR', 'the engine describes itself in a way that is not understood')
  return outcome.value
}
