import { describe, SidestreamError } from '../shared/errors.ts'
import { parseStateEvent, type ChangeEvent } from '../shared/events.ts'
import { isRecord, wrongOf, type Rules } from '../shared/rules.ts'
import { assertValid, type CollectionDefinition, type StreamStateDefinition } from '../shared/state-schema.ts'
import type { EventExtra, Mutation, Write } from '../shared/write.ts'
import { jsonRow, jsonValue } from './json-rows.ts'
import { newId } from './new-id.ts'

/** Options of `db.write`. */
export interface WriteOptions {
  /** The transaction id of the events. Default: that of the events, or a new one. */
  readonly txid?: string
}

const OPTIONS: Rules<WriteOptions> = { txid: { is: 'a string that is not empty', check: (value) => typeof value === 'string' && value !== '' } }

/**
 * The write of events that the application has made by hand.
 * @throws SidestreamError `INVALID_ARGUMENT`, `VALIDATION_FAILED`
 */
export function eventWrite(events: unknown, options: unknown, state: StreamStateDefinition): Write {
  if (!Array.isArray(events) || events.length === 0) throw invalid('write takes a list of events, one at least')
  if (!isRecord(options)) throw invalid("write's options are no object")
  const wrong = wrongOf(options, OPTIONS, '')
  if (wrong !== null) throw invalid(`write: ${wrong}`)
  const changes = events.map(changeOf)
  const txids = new Set([options['txid'] as string | undefined, ...changes.map(({ headers }) => headers.txid ?? undefined)])
  txids.delete(undefined)
  if (txids.size > 1) throw invalid(`write: the events of one write have one txid, and not ${[...txids].join(', ')}`)
  const byType = new Map(Object.entries(state).map(([name, definition]) => [definition.type, { name, definition }]))
  const mutations = changes.map((event): Mutation => {
    const target = byType.get(event.type)
    if (!target) throw invalid(`write: no collection has events of the type ${event.type}`)
    return mutationOf(event, target.name, target.definition)
  })
  return { id: [...txids][0] ?? newId(), mutations, createdAt: Date.now() }
}

function changeOf(item: unknown): ChangeEvent {
  const parsed = parseStateEvent(item)
  if (parsed.kind === 'malformed') throw invalid(`write: ${parsed.reason}`)
  if (parsed.kind === 'control') throw invalid('write takes change events, and no control events')
  return parsed.event
}

function mutationOf(event: ChangeEvent, collection: string, { schema, type }: CollectionDefinition): Mutation {
  const { key, value, headers } = event
  const of = `write: ${collection}, key ${key}:`
  const extra = extraOf(event, of)
  if (headers.operation === 'delete') return { kind: 'remove', collection, key, ...extra }
  if (!isRecord(value)) throw invalid(`${of} has a value that is no object: ${describe(value)}`)
  assertValid(schema, value, `${type} ${headers.operation}`)
  return { kind: 'put', collection, key, value: jsonRow(value, of), operation: headers.operation, ...extra }
}

/** What the event has besides its row. Operation and txid are left out: the engine sets them. */
function extraOf({ headers: { operation, txid, ...others }, old_value: oldValue }: ChangeEvent, of: string): { readonly extra?: EventExtra } {
  const headers = jsonValue(others, of) as Readonly<Record<string, unknown>>
  const extra: EventExtra = {
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(oldValue === undefined ? {} : { oldValue: jsonValue(oldValue, of) }),
  }
  return Object.keys(extra).length > 0 ? { extra } : {}
}

const invalid = (message: string): SidestreamError => new SidestreamError('INVALID_ARGUMENT', message)
