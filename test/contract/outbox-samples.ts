import type { RowData } from '../../src/shared/row.ts'
import type { OutboxEntry, OutboxHead, RecentWrite } from '../../src/worker/core/outbox.ts'
import type { OutboxWrite } from '../../src/worker/ports.ts'

export const head = (nextNumber: number): OutboxHead => ({
  nextNumber,
  producer: { id: 'producer', epoch: 3, seq: 4 },
  request: { epoch: 3, seq: 4, numbers: [1, 2], body: '{"type":"item"}', since: '0_7', moment: { branch: 'b', seq: 7, digest: 77 } },
})

export const entry = (number: number, value: RowData = { id: `row-${String(number)}` }): OutboxEntry => ({
  number,
  write: { id: `write-${String(number)}`, mutations: [{ kind: 'put', collection: 'items', key: 'k', value, operation: 'upsert' }], createdAt: 1.5 },
  phase: 'stored',
  attempts: 0,
  error: null,
  offset: null,
})

/** A write that is done with. */
export const done = (id: string): RecentWrite => ({ id, digest: 7 })

/** A commit of the writer `writer`; everything may be overridden. */
export const change = (put: ReadonlyArray<OutboxEntry>, rest: Partial<OutboxWrite> = {}): OutboxWrite => ({
  put,
  remove: [],
  head: head(100),
  recent: null,
  replace: false,
  expectedWriter: 'writer',
  ...rest,
})

export const GARBAGE_HEADS: Readonly<Record<string, unknown>> = {
  'a string': 'head',
  'null': null,
  'a list': [head(1)],
  'an empty object': {},
  'without a next number': { ...head(1), nextNumber: undefined },
  'with a next number of zero': head(0),
  'with a fractional next number': head(1.5),
  'with a next number that is too large': head(2 ** 53),
  'without a producer': { ...head(1), producer: null },
  'with a producer id that is no string': { ...head(1), producer: { id: 1, epoch: 0, seq: 0 } },
  'with a negative epoch': { ...head(1), producer: { id: 'p', epoch: -1, seq: 0 } },
  'with a sequence number that is text': { ...head(1), producer: { id: 'p', epoch: 0, seq: '0' } },
  'without a request': { ...head(1), request: undefined },
  'with a request without numbers': { ...head(1), request: { epoch: 0, seq: 0, body: '', since: '' } },
  'with a request of fractional numbers': { ...head(1), request: { ...head(1).request, numbers: [1.5] } },
  'with a request without a body': { ...head(1), request: { ...head(1).request, body: null } },
  'with a request that begins nowhere': { ...head(1), request: { ...head(1).request, since: null } },
  'with a request of a moment that is none': { ...head(1), request: { ...head(1).request, moment: { branch: 'b', seq: '1', digest: 0 } } },
  'with a request without an epoch': { ...head(1), request: { ...head(1).request, epoch: undefined } },
}

export const GARBAGE_ENTRIES: Readonly<Record<string, { readonly number: number; readonly [field: string]: unknown }>> = {
  'without a write': { ...entry(2), write: undefined },
  'whose write has no id': { ...entry(2), write: { ...entry(2).write, id: '' } },
  'whose write changes nothing': { ...entry(2), write: { ...entry(2).write, mutations: [] } },
  'whose write has an unknown mutation': { ...entry(2), write: { ...entry(2).write, mutations: [{ kind: 'move', collection: 'items', key: 'k' }] } },
  'in an unknown phase': { ...entry(2), phase: 'gone' },
  'with attempts that are no count': { ...entry(2), attempts: -1 },
  'with an error that is text': { ...entry(2), error: 'refused' },
  'with an offset that is a number': { ...entry(2), offset: 7 },
  'with a fractional number': { ...entry(1.5) },
  'with a negative number': { ...entry(-2) },
}
