import { SidestreamError } from '../shared/errors.ts'
import { meaningOf } from '../worker/core/verdict.ts'
import type { Sent } from '../worker/ports.ts'

/** Where a producer is, or what a request of it says. */
export interface ProducerState {
  readonly epoch: number
  readonly seq: number
}

/** A server's answer to a request of a producer; after a status above 200 nothing is appended. */
export interface ProducerAnswer {
  readonly status: 200 | 204 | 400 | 403 | 409
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/**
 * What a server answers (Durable Streams protocol, idempotent producers).
 * @param known the producer's last request that was appended; undefined when the server does not know the producer
 */
export function producerAnswer(known: ProducerState | undefined, { epoch, seq }: ProducerState): ProducerAnswer {
  if (known !== undefined && epoch < known.epoch) return { status: 403, headers: { 'producer-epoch': String(known.epoch) }, text: 'Stale producer epoch' }
  if (known !== undefined && epoch > known.epoch && seq > 0) return { status: 400, headers: {}, text: 'New epoch must start with sequence 0' }
  const expected = known !== undefined && epoch === known.epoch ? known.seq + 1 : 0
  if (seq > expected) return { status: 409, headers: { 'producer-expected-seq': String(expected) }, text: `Producer sequence gap: expected ${String(expected)}` }
  return { status: seq < expected ? 204 : 200, headers: {}, text: '' }
}

/** The answer, as `StreamSource.send` gives it. @param offset the end of the stream after the request; null when the server does not say it */
export function producerSent({ status, headers, text }: ProducerAnswer, offset: string | null): Sent {
  const header = (name: string): string | null => (name === 'stream-next-offset' ? offset : (headers[name] ?? null))
  const meaning = meaningOf({ status, header, text, isRedirected: false })
  return meaning.kind === 'undecided' ? { ...meaning, retryAfterMs: 0 } : meaning
}

/** The answer, as `StreamSource.append` throws it; null when the append is in the stream. */
export const producerError = ({ status, text }: ProducerAnswer): SidestreamError | null =>
  status < 300 ? null : new SidestreamError('STREAM_ERROR', `the test stream answers ${String(status)}: ${text}`, { status })
