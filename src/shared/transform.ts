import type { ChangeEvent } from './events.ts'

/**
 * Changes a change event before it is materialized: `(event) => ({ ...event, value: { ...event.value, seen: false } })`.
 *
 * It returns the event, changed or not, or null to drop it. When it throws, or returns anything else, the event is quarantined
 * (`TRANSFORM_FAILED`). It is called in the order of the stream, with a copy of every well-formed change event, also of a type
 * that no collection has, except events nested more than 200 levels deep. It has to return the same result for the same event
 * every time. The result is copied as JSON; the transaction id stays the original one.
 */
// `any`: the type of the value depends on the event's `type`, and the value has not been validated yet.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Transform = (event: ChangeEvent<any>) => ChangeEvent | null
