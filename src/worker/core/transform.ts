import { describe } from '../../shared/errors.ts'
import { parseStateEvent, type ChangeEvent } from '../../shared/events.ts'
import type { Transform } from '../../shared/transform.ts'
import { isTooDeep } from './depth.ts'

export type Transformed =
  | { readonly kind: 'change'; readonly event: ChangeEvent }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'failed'; readonly reason: string }

const failed = (reason: string): Transformed => ({ kind: 'failed', reason })

/**
 * Applies the application's transform to an event. The transform gets a copy, because the anchor is made of the events as they
 * were read. Its result is copied as JSON, because rows cross ports and go into IndexedDB, which functions cannot.
 */
export function transformed(transform: Transform, event: ChangeEvent): Transformed {
  // An event that is too deep cannot be copied as JSON. If its value is too deep, `materialize` quarantines it. Any other deep
  // event is refused here, because no row may bypass a transform that filters or decrypts.
  if (isTooDeep(event)) return 'value' in event && isTooDeep(event.value) ? { kind: 'change', event } : failed('the event is nested too deeply to be copied for transform')
  let result: unknown
  try {
    result = copy(transform(copy(event)))
  } catch (error) {
    return failed(`transform threw: ${describe(error)}`)
  }
  if (result === null) return { kind: 'dropped' }
  const parsed = parseStateEvent(result)
  if (parsed.kind === 'control') return failed('transform returned a control event')
  if (parsed.kind === 'malformed') return failed(`transform returned neither null nor a change event: ${parsed.reason}`)
  const { txid } = event.headers
  return { kind: 'change', event: { ...parsed.event, headers: { ...parsed.event.headers, ...(typeof txid === 'string' ? { txid } : {}) } } }
}

/** A copy as JSON; undefined for a value that JSON does not have. */
function copy<T>(value: T): T {
  const text: string | undefined = JSON.stringify(value)
  return (text === undefined ? undefined : JSON.parse(text)) as T
}
