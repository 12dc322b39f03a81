/** Operations of a change event (State Protocol 4.1, plus `upsert` as in @durable-streams/state). */
export type Operation = 'insert' | 'update' | 'delete' | 'upsert'

/** A JSON value, or a value of type `Extensions`. */
export type Value<Extensions = never> =
  | string
  | number
  | boolean
  | bigint
  | null
  | Array<Value<Extensions>>
  | { [key: string]: Value<Extensions> }
  | Extensions

export type Row<Extensions = never> = Record<string, Value<Extensions>>

export type ChangeHeaders = {
  operation: Operation
  txid?: string
  timestamp?: string
  from?: string
  offset?: string
}

/** A change event (State Protocol 5.1). */
export type ChangeEvent<T = unknown> = {
  type: string
  key: string
  value?: T
  old_value?: T
  headers: ChangeHeaders
}

/** A control event (State Protocol 5.2). */
export type ControlEvent = {
  headers: {
    control: 'snapshot-start' | 'snapshot-end' | 'reset'
    offset?: string
  }
}

export type StateEvent<T = unknown> = ChangeEvent<T> | ControlEvent

/** A stream item after its check; `reason` says what is malformed. */
export type ParsedEvent =
  | { readonly kind: 'change'; readonly event: ChangeEvent }
  | { readonly kind: 'control'; readonly event: ControlEvent }
  | { readonly kind: 'malformed'; readonly reason: string }

const OPERATIONS: ReadonlySet<unknown> = new Set(['insert', 'update', 'delete', 'upsert'])
const CONTROLS: ReadonlySet<unknown> = new Set(['snapshot-start', 'snapshot-end', 'reset'])
const OPTIONAL_HEADERS = ['txid', 'timestamp', 'from', 'offset'] as const

const has = (object: object, name: string): boolean => Object.hasOwn(object, name)

const malformed = (reason: string): ParsedEvent => ({ kind: 'malformed', reason })

/**
 * Decides whether an untrusted item is a change event, a control event, or malformed. Reads own properties only, so that
 * `__proto__` or `constructor` as a type, a key or a field is data. An optional header may be null, because many JSON encoders
 * write absent values so; null counts as absent.
 */
export function parseStateEvent(input: unknown): ParsedEvent {
  try {
    return parse(input)
  } catch {
    // A proxy or a getter: impossible in JSON, possible in a call.
    return malformed('the event cannot be read')
  }
}

function parse(input: unknown): ParsedEvent {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return malformed('the event is not an object')
  if (!has(input, 'headers')) return malformed('headers are missing')
  const headers: unknown = (input as { headers: unknown }).headers
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return malformed('headers are not an object')

  const isChange = has(headers, 'operation')
  if (isChange && has(headers, 'control')) return malformed('headers name both an operation and a control')
  if (isChange) return parseChange(input as ChangeEvent, headers as ChangeHeaders)
  if (!has(headers, 'control')) return malformed('headers name neither an operation nor a control')
  if (!CONTROLS.has((headers as ControlEvent['headers']).control)) return malformed('headers.control is not known')
  return { kind: 'control', event: input as ControlEvent }
}

function parseChange(event: ChangeEvent, headers: ChangeHeaders): ParsedEvent {
  const { operation } = headers
  if (!OPERATIONS.has(operation)) return malformed('headers.operation is not known')
  for (const name of OPTIONAL_HEADERS) {
    const value: unknown = has(headers, name) ? headers[name] : undefined
    if (value !== undefined && value !== null && typeof value !== 'string') return malformed(`headers.${name} is not a string`)
  }
  if (has(headers, 'txid') && headers.txid === '') return malformed('headers.txid is empty')
  if (!has(event, 'type') || typeof event.type !== 'string' || event.type === '') return malformed('type is not a non-empty string')
  if (!has(event, 'key') || typeof event.key !== 'string' || event.key === '') return malformed('key is not a non-empty string')
  if (operation !== 'delete' && (!has(event, 'value') || event.value === undefined)) return malformed(`value is missing in an ${operation}`)
  return { kind: 'change', event }
}

// One signature each, as in @durable-streams/state: for a callback (`events.filter(isChangeEvent)`) TypeScript uses only the
// last overload.

/** True for a well-formed change event (State Protocol 5.1); safe on any input. */
export function isChangeEvent<T = unknown>(event: StateEvent<T>): event is ChangeEvent<T> {
  return parseStateEvent(event).kind === 'change'
}

/** True for a well-formed control event (State Protocol 5.2); safe on any input. */
export function isControlEvent<T = unknown>(event: StateEvent<T>): event is ControlEvent {
  return parseStateEvent(event).kind === 'control'
}
