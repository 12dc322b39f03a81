import { abortable } from '../shared/abortable.ts'
import type { AppendSettings } from '../shared/calls.ts'
import { describe, fromErrorData, SidestreamError } from '../shared/errors.ts'
import { abortSignal, impossibleOf, isNumber, isRecord, text, type Rule, type Rules } from '../shared/rules.ts'
import type { Link } from './link.ts'
import type { AppendOptions } from './stream-handle.ts'

/** Appends through the engine; as `append` of a `StreamHandle`. */
export async function append(link: Pick<Link, 'call' | 'untilClosed'>, body: string | Uint8Array | Promise<string | Uint8Array>, options: AppendOptions): Promise<void> {
  const promised = isPromiseLike(body) ? link.untilClosed(Promise.resolve(body)) : null
  // The append may end before the body: a body that fails then is no unhandled rejection.
  promised?.catch(() => undefined)
  const settings = appendSettings(options)
  const { signal } = options
  const resolved = promised ? await (signal ? abortable(promised, signal) : promised) : body
  assertBody(resolved)
  // `throwIfAborted` is newer than the oldest browsers that are supported.
  if (signal?.aborted) throw signal.reason
  const work = link.call((engine) => engine.append(resolved, settings))
  const outcome = await (signal ? abortable(work, signal) : work)
  if (!outcome.ok) throw fromErrorData(outcome.error)
}

const counter: Rule = { is: 'a whole number, 0 at least', check: (value) => Number.isSafeInteger(value) && isNumber(value, 0) }
/** With a name that no header can carry, `fetch` would fail as it does without a network. */
const producerName: Rule = {
  is: 'a string that a header can carry, without blanks around it',
  check: (value) => {
    if (typeof value !== 'string' || value === '') return false
    try {
      return new Headers({ 'Producer-Id': value }).get('Producer-Id') === value
    } catch {
      return false
    }
  },
}
const PRODUCER = ['producerId', 'producerEpoch', 'producerSeq'] as const
const SETTINGS = {
  seq: text,
  contentType: text,
  producerId: producerName,
  producerEpoch: counter,
  producerSeq: counter,
} satisfies Rules<AppendSettings>
const OPTIONS: Rules<AppendOptions> = { ...SETTINGS, signal: abortSignal }

/** An engine does not answer a call that its guards refuse, so no other body may be sent. */
function assertBody(body: unknown): asserts body is string | Uint8Array {
  // By its tag, because `instanceof` fails for an array of another realm, for example of a frame.
  if (typeof body === 'string' || Object.prototype.toString.call(body) === '[object Uint8Array]') return
  throw new SidestreamError('INVALID_ARGUMENT', `append takes a string or a Uint8Array, and not ${nameOf(body)}: use JSON.stringify for an event`)
}

/**
 * The options that the engine knows and that are set. Unknown options are ignored, as by the client.
 * @throws SidestreamError `INVALID_ARGUMENT`
 */
function appendSettings(options: AppendOptions): AppendSettings {
  if (!isRecord(options)) throw new SidestreamError('INVALID_ARGUMENT', "append's options are no object")
  const wrong = impossibleOf(options, OPTIONS, '')
  if (wrong !== null) throw new SidestreamError('INVALID_ARGUMENT', `append: ${wrong}`)
  const missing = PRODUCER.filter((name) => options[name] === undefined)
  if (missing.length > 0 && missing.length < PRODUCER.length) {
    throw new SidestreamError('INVALID_ARGUMENT', `append: ${PRODUCER.join(', ')} go together; there is no ${missing.join(', no ')}`)
  }
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => Object.hasOwn(SETTINGS, name) && value !== undefined))
}

const nameOf = (value: unknown): string => (typeof value === 'object' && value !== null ? (Array.isArray(value) ? 'an array' : 'an object') : describe(value))

const isPromiseLike = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
