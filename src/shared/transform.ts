import type { ChangeEvent } from './events.ts'

/**
 * Changes a change event before it is materialized: `(event) => ({ ...event, value: { ...event.value, seen: false } })`.
 *
 * Returns the event, changed or not, or null to drop it. One that throws, or returns anything else, has the event quarantined
 * (`TRANSFORM_FAILED`). It is called in the order of the stream, for every well-formed change event, also of a type that no
 * collection has; the event is a copy. It has to give the same for the same event, whenever it is asked. The result is taken as
 * JSON has it; the transaction id is the original's.
 */
// `any`: what the value is the event's `type` says, and it has not been validated yet.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Transform = (event: ChangeEvent<any>) => ChangeEvent | null
