import { expect, test } from 'vitest'
import { useBench, type RemoteApp } from '../../support/browser-app.ts'
import { naiveFold } from '../../support/naive-fold.ts'
import { itemEvents, schema } from '../../support/schema.ts'

const suite = useBench('/streams/poison')

const insert = (type: unknown, key: unknown, value: unknown): unknown => ({ type, key, value, headers: { operation: 'insert' } })
/** An object with an own `__proto__`, as JSON gives it. */
const parse = (text: string): unknown => JSON.parse(text)

/** Kept out of the collections, each for a reason of its own. */
const MALFORMED: ReadonlyArray<unknown> = [
  null,
  7,
  'text',
  true,
  [],
  [1, 2],
  {},
  { headers: null },
  { headers: [] },
  { headers: 'insert' },
  { headers: {} },
  { headers: { control: 'explode' } },
  { headers: { control: null } },
  { headers: { control: 'reset', operation: 'insert' }, type: 'item', key: 'both', value: { id: 'both', n: 0 } },
  { headers: { operation: 'merge' }, type: 'item', key: 'merged', value: { id: 'merged', n: 0 } },
  { headers: { operation: 'constructor' }, type: 'item', key: 'op', value: { id: 'op', n: 0 } },
  { headers: { operation: 'insert' }, type: 'item', key: 'valueless' },
  { headers: { operation: 'insert' }, key: 'typeless', value: { id: 'typeless', n: 0 } },
  { headers: { operation: 'insert' }, type: 'item', value: { id: 'keyless', n: 0 } },
  { headers: { operation: 'insert', txid: 5 }, type: 'item', key: 'txid', value: { id: 'txid', n: 0 } },
  { headers: { operation: 'insert', txid: '' }, type: 'item', key: 'txid', value: { id: 'txid', n: 0 } },
  insert('', 'a', { id: 'a', n: 0 }),
  insert(5, 'a', { id: 'a', n: 0 }),
  insert('item', '', { id: '', n: 0 }),
  insert('item', 5, { id: '5', n: 0 }),
  insert('item', null, { id: 'null', n: 0 }),
  insert('item', {}, { id: 'object', n: 0 }),
  parse('{"__proto__":{"headers":{"operation":"insert"},"type":"item","key":"inherited","value":{"id":"inherited","n":0}}}'),
]
const NO_ROWS: ReadonlyArray<unknown> = [null, 7, 'text', false, [], [{ id: 'a', n: 0 }]].map((value) => insert('item', 'i000000', value))
const REFUSED: ReadonlyArray<unknown> = [insert('item', 'refused', { id: 'refused', n: 'no number' }), insert('user', 'refused', { id: 'refused' })]
const UNKNOWN: ReadonlyArray<unknown> = ['nobody', '__proto__', 'constructor', 'toString'].map((type) => insert(type, 'a', { id: 'a', n: 0 }))
/** Well-formed, with names that are traps elsewhere. */
const TRAPS: ReadonlyArray<unknown> = [
  ...['__proto__', 'constructor', 'hasOwnProperty'].map((key) => insert('item', key, { id: key, n: 1 })),
  insert('item', 'fields', parse('{"id":"fields","n":1,"__proto__":{"polluted":true},"constructor":2,"toString":3}')),
  { type: 'item', key: 'hasOwnProperty', headers: { operation: 'delete' } },
  { type: 'item', key: 'toString', headers: { operation: 'delete' } },
]
/** Operations that do not fit what is there. */
const MISFITS: ReadonlyArray<unknown> = [
  insert('item', 'i000001', { id: 'i000001', n: 100 }),
  { type: 'item', key: 'from-update', value: { id: 'from-update', n: 1 }, headers: { operation: 'update' } },
  { type: 'item', key: 'never-there', headers: { operation: 'delete' } },
  { type: 'item', key: 'nulls', value: { id: 'nulls', n: 1 }, old_value: null, headers: { operation: 'upsert', txid: null, timestamp: null } },
  insert('item', 'another-key', { id: 'than-its-key', n: 1 }),
]
const POISON = [...MALFORMED, ...NO_ROWS, ...REFUSED, ...UNKNOWN, ...TRAPS, ...MISFITS]

const refuses = (collection: string, value: unknown): boolean =>
  collection === 'items' ? typeof (value as { n: unknown }).n !== 'number' : typeof (value as { name: unknown }).name !== 'string'

interface Expectation {
  readonly quarantined: number
  readonly unknown: number
  readonly validated: boolean
}

async function expectFold(tab: RemoteApp, { quarantined, unknown, validated }: Expectation): Promise<void> {
  const status = await tab.until(suite.atEnd())
  const expected = naiveFold(suite.server.events(suite.path), validated ? refuses : undefined)
  // As text: matchers do not see an own `__proto__`.
  expect(await tab.rowsText()).toBe(JSON.stringify(expected))
  expect(status).toMatchObject({ connection: 'live', lastError: null, unknown })
  expect(status.quarantined.count).toBe(quarantined)
  const reports = await tab.invalid()
  expect(reports).toHaveLength(quarantined)
  expect(status.quarantined.lastReason).toBe(quarantined === 0 ? null : reports.at(-1)!.reason)
}

test.each(['app', 'stock', 'page'] as const)('poison in the catch-up and live, engine in %s', async (home) => {
  const validated = home !== 'stock'
  const quarantined = MALFORMED.length + NO_ROWS.length + (validated ? REFUSED.length : 0)
  const { server, path, url } = suite
  server.append(path, [...itemEvents(3), ...POISON, ...itemEvents(1, 3)])
  const tab = await suite.app()
  await tab.open({ url, home })
  expect(await tab.preload()).toEqual({ ok: true })
  await expectFold(tab, { quarantined, unknown: UNKNOWN.length, validated })
  // One a message and all in one: whatever the batches are, what follows arrives.
  server.append(path, [...POISON, ...itemEvents(1, 4)], { perMessage: 1 })
  await expectFold(tab, { quarantined: 2 * quarantined, unknown: 2 * UNKNOWN.length, validated })
  server.append(path, [...POISON, ...itemEvents(1, 5)])
  await expectFold(tab, { quarantined: 3 * quarantined, unknown: 3 * UNKNOWN.length, validated })
  expect((await tab.rows())['items']).toHaveProperty('i000005')
  const codes = new Set((await tab.invalid()).map(({ code }) => code))
  expect(codes).toEqual(new Set(['MALFORMED', 'NOT_A_ROW', ...(validated ? ['REFUSED'] : [])]))
  expect(await tab.page.evaluate(() => 'polluted' in {})).toBe(false)
})

test.each(['stock', 'page'] as const)('poison is kept out of the cache, and the counts come back with it, engine in %s', async (home) => {
  const { server, path, url } = suite
  server.append(path, [...itemEvents(3), ...POISON])
  const cold = await suite.app()
  await cold.open({ url, home })
  await cold.preload()
  const before = await cold.until(suite.stored())
  const expected = await cold.rowsText()
  await cold.page.close()
  await server.goOffline()
  const warm = await suite.app()
  await warm.open({ url, home })
  expect(await warm.preload()).toEqual({ ok: true })
  expect(await warm.rowsText()).toBe(expected)
  expect(await warm.status()).toMatchObject({ quarantined: before.quarantined, unknown: before.unknown })
})

const control = (name: string): unknown => ({ headers: { control: name } })

test.each(['stock', 'page'] as const)('reset and snapshots, live and in the catch-up, engine in %s', async (home) => {
  const { server, path, url } = suite
  const user = schema.users.insert({ value: { id: 'u1', name: 'Ada' } })
  server.append(path, [...itemEvents(5), user, control('reset'), ...itemEvents(3)])
  const tab = await suite.app()
  await tab.open({ url, home })
  expect(await tab.preload()).toEqual({ ok: true })
  const steps: ReadonlyArray<ReadonlyArray<unknown>> = [
    [control('reset')],
    itemEvents(4),
    // What the snapshot does not mention is gone at its end only, also when it comes in many batches.
    [user, control('snapshot-start'), ...itemEvents(2, 1)],
    itemEvents(1, 9),
    [control('snapshot-end')],
    [control('snapshot-end'), ...itemEvents(1, 20)],
    [control('snapshot-start'), control('snapshot-end')],
    itemEvents(1, 30),
    [control('snapshot-start'), ...itemEvents(1, 31), control('reset'), ...itemEvents(1, 32), control('snapshot-end')],
    [...itemEvents(1, 33), control('reset'), user],
  ]
  for (const [index, events] of steps.entries()) {
    server.append(path, events)
    await tab.until(suite.atEnd())
    expect(await tab.rows(), `step ${String(index)}`).toEqual(suite.fold())
  }
  expect(await tab.status()).toMatchObject({ connection: 'live', quarantined: { count: 0 }, rows: 1 })
})

test('a snapshot that a reload interrupts goes on from the cache', async () => {
  const { server, path, url } = suite
  server.append(path, [...itemEvents(5), control('snapshot-start'), ...itemEvents(1, 2)])
  const cold = await suite.app()
  await cold.open({ url })
  await cold.preload()
  await cold.until(suite.stored())
  await cold.page.close()
  server.append(path, [...itemEvents(1, 4), control('snapshot-end')])
  const warm = await suite.app()
  await warm.open({ url })
  await warm.preload()
  await warm.until(suite.atEnd())
  expect(await warm.rows()).toEqual(suite.fold())
  expect(Object.keys((await warm.rows())['items']!)).toEqual(['i000002', 'i000004'])
})
