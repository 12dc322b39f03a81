import { describe, type ErrorData } from '../../shared/errors.ts'
import type { Verdict } from './outbox.ts'

/** What a server has answered to a request of the outbox. */
export interface OutboxAnswer {
  /** 0 when the browser hides it. */
  readonly status: number
  /** A header by its name in lower case; null when the answer has none. */
  readonly header: (name: string) => string | null
  readonly text: string
  /** The request has followed a redirect, which may have made a read of it. */
  readonly isRedirected: boolean
}

/** What an answer means for a request. It is `Sent` of the ports, without the pause that the server asks for. */
export type Meaning =
  | { readonly kind: 'decided'; readonly verdict: Verdict }
  | { readonly kind: 'undecided'; readonly error: ErrorData }
  | { readonly kind: 'unauthorized'; readonly error: ErrorData }

/** The most text of a server's reason that an error has, in UTF-16 code units. */
const MOST_REASON = 300
/** The most text of an answer that is looked at. It is more than {@link MOST_REASON}: URLs in it are shortened before the rest is cut off. */
const MOST_LOOKED_AT = 4000

/**
 * Decides what an answer says about a request of a producer. Only an answer of a stream's server to exactly this request is a
 * decision. After any other answer the request is sent again. A wrong decision would lose a write, or write it twice.
 */
export function meaningOf(answer: OutboxAnswer): Meaning {
  const { status } = answer
  if (status >= 200 && status < 300) return isForeign(answer) ? undecided(status, 'the answer is not from a durable stream') : decided({ kind: 'accepted', offset: answer.header('stream-next-offset') })
  if (status === 401) return unauthorized(answer)
  if (status === 403) {
    const epoch = epochOf(answer.header('producer-epoch'))
    return epoch === null ? unauthorized(answer) : decided({ kind: 'fenced', epoch })
  }
  if (status === 409 && answer.header('producer-expected-seq') !== null) return decided({ kind: 'forgotten' })
  if (status < 400 || status >= 500 || UNDECIDED.has(status)) return undecided(status, worded(answer))
  const error: ErrorData = { code: 'STREAM_ERROR', message: worded(answer), retryable: false, status }
  return decided({ kind: 'refused', error, isOfAll: answer.header('stream-closed') === 'true' })
}

/** No stream, too slow, too early, too many requests: these answers are not about this request. */
const MISSING = [404, 410]
const UNDECIDED = new Set([...MISSING, 408, 425, 429])

/**
 * A login page, what a redirect has led to, or a proxy's own answer. With the sequence number in it, the answer is from a server that
 * knows producers. A durable stream says its end; of a repetition (204) not every server does. If a browser hides both from the page,
 * the write is confirmed by its `txid` on the stream.
 */
const isForeign = ({ status, header, isRedirected }: OutboxAnswer): boolean =>
  header('producer-seq') === null &&
  (isRedirected || (header('content-type') ?? '').toLowerCase().startsWith('text/html') || (status !== 204 && header('stream-next-offset') === null))

const decided = (verdict: Verdict): Meaning => ({ kind: 'decided', verdict })

const undecided = (status: number, message: string): Meaning => {
  const isMissing = MISSING.includes(status)
  return { kind: 'undecided', error: { code: isMissing ? 'STREAM_NOT_FOUND' : 'OFFLINE', message, retryable: !isMissing, status } }
}

const unauthorized = (answer: OutboxAnswer): Meaning => ({
  kind: 'unauthorized',
  error: { code: 'NEEDS_AUTH', message: worded(answer), retryable: true, status: answer.status },
})

/** The highest epoch that a fence may name. The next epoch is up to 2^30 higher, and has to be a safe integer too. */
const MOST_EPOCH = 2 ** 53 - 2 ** 31

/** Null for a value that cannot be an epoch. */
function epochOf(value: string | null): number | null {
  if (value === null || !/^\d+$/.test(value)) return null
  const epoch = Number(value)
  return epoch <= MOST_EPOCH ? epoch : null
}

function worded({ status, text }: OutboxAnswer): string {
  const reason = describe(text.slice(0, MOST_LOOKED_AT)).trim().slice(0, MOST_REASON)
  return `the server answered ${String(status)}${reason === '' ? '' : `: ${reason}`}`
}
