// @vitest-environment-options {"own":"parity/hooks"}
// `onEvent`, `onBeforeBatch`, `onBatch`, as their docstrings have them.
import { expect, vi } from 'vitest'
import { differs, outcomeOf, rows, same, type Stage } from './harness.ts'
import { insert, remove, schemaOf } from './schema.ts'
import type { CreateStreamDBOptions } from '@durable-streams/state/db'

const ada = { id: '1', name: 'Ada' }
type Hooks = Pick<CreateStreamDBOptions, 'onEvent' | 'onBeforeBatch' | 'onBatch'>

const FIELDS = ['cursor', 'items', 'offset', 'streamClosed', 'upToDate']

const create = ({ library, url, keep }: Stage, hooks: Hooks) =>
  keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schemaOf(library), ...hooks }))

same('are called for a batch, its events and its end, in order', async (stage) => {
  const calls: string[] = []
  stage.server.append(stage.path, [insert('1', ada), { headers: { control: 'snapshot-end' } }, { type: 'else', key: 'x', value: 1, headers: { operation: 'insert' } }, remove('1')])
  const db = create(stage, {
    onBeforeBatch: ({ items }) => calls.push(`before ${String(items.length)}`),
    onEvent: ({ type, key, headers }) => calls.push(`${headers.operation} ${type} ${key}`),
    onBatch: ({ items }) => calls.push(`batch ${String(items.length)}`),
  })
  await db.preload()
  return calls.slice(0, 5)
}, ['before 4', 'insert user 1', 'insert else x', 'delete user 1', 'batch 4'])

same('a batch says where it ends', async (stage) => {
  const batches: unknown[] = []
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage, { onBatch: ({ items, offset, upToDate, streamClosed }) => batches.push([items.map((item) => (item as { key?: string }).key), offset === stage.server.tailOffset(stage.path), upToDate, streamClosed]) })
  await db.preload()
  return batches[0]
}, [['1'], true, true, false])

same('are called for what follows', async (stage) => {
  const keys: string[] = []
  const db = create(stage, { onEvent: ({ key }) => keys.push(key) })
  await db.preload()
  stage.server.append(stage.path, [insert('1', ada, { txid: 't' })])
  await db.utils.awaitTxId('t')
  return keys
}, ['1'])

same('are called for each batch while live, with offsets that grow', async (stage) => {
  const seen: string[] = []
  const db = create(stage, { onBeforeBatch: ({ offset, items }) => { if (items.length > 0) seen.push(offset) } })
  await db.preload()
  for (const key of ['1', '2', '3']) {
    stage.server.append(stage.path, [insert(key, ada, { txid: key })])
    await db.utils.awaitTxId(key)
  }
  return [seen.length, seen.join() === [...seen].sort().join(), seen.at(-1) === stage.server.tailOffset(stage.path)]
}, [3, true, true])

same('have the same batch before and after, with the client’s fields', async (stage) => {
  const before = new Set<object>()
  const seen: unknown[] = []
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage, {
    onBeforeBatch: (batch) => before.add(batch),
    onBatch: (batch) => { if (batch.items.length > 0) seen.push([before.has(batch), Object.keys(batch).sort()]) },
  })
  await db.preload()
  stage.server.append(stage.path, [insert('2', ada, { txid: 't' })])
  await db.utils.awaitTxId('t')
  await vi.waitFor(() => { expect(seen.length).toBe(2) })
  return seen
}, [[true, FIELDS], [true, FIELDS]])

same('have the items of a batch as its events', async (stage) => {
  const items = new Set<object>()
  const seen: unknown[] = []
  stage.server.append(stage.path, [insert('1', ada, { txid: 't', timestamp: '2026-01-01T00:00:00Z', mine: 1 })])
  const db = create(stage, { onBeforeBatch: (batch) => { for (const item of batch.items) items.add(item) }, onEvent: (event) => { seen.push(items.has(event), event) } })
  await db.preload()
  return seen
}, [true, { type: 'user', key: '1', value: ada, headers: { operation: 'insert', txid: 't', timestamp: '2026-01-01T00:00:00Z', mine: 1, offset: expect.any(String) as unknown } }])

same('say when the stream is closed', async (stage) => {
  const seen: unknown[] = []
  stage.server.append(stage.path, [insert('1', ada)])
  stage.server.closeStream(stage.path)
  const db = create(stage, { onBatch: ({ items, upToDate, streamClosed }) => seen.push([items.length, upToDate, streamClosed]) })
  await db.preload()
  await vi.waitFor(() => { expect(seen.length).toBe(1) })
  return seen
}, [[1, true, true]])

same('events come before their rows', async (stage) => {
  const sizes: number[] = []
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage, { onEvent: () => sizes.push(db.collections.users.size), onBeforeBatch: () => sizes.push(db.collections.users.size) })
  await db.preload()
  return sizes.slice(0, 2)
}, [0, 0])

differs('`onBatch`', 'comes when the rows are in', async (stage) => {
  const sizes: number[] = []
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage, { onBatch: () => sizes.push(db.collections.users.size) })
  await db.preload()
  return sizes[0]
}, { peer: 0, sidestream: 1 })

differs('changing an item in `onBeforeBatch`', 'changes no row', async (stage) => {
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage, {
    onBeforeBatch: ({ items }) => {
      for (const item of items) if ('value' in item) (item.value as { tag?: string }).tag = 'mine'
    },
  })
  await db.preload()
  return rows(db.collections.users)
}, { peer: [{ ...ada, tag: 'mine' }], sidestream: [ada] })

for (const name of ['onBeforeBatch', 'onBatch'] as const) {
  differs('a hook that throws', `${name} stops nothing`, async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    const db = create(stage, { [name]: () => { throw new Error('mine') } })
    return [await outcomeOf(() => db.preload()), rows(db.collections.users)]
  }, { peer: [{ error: 'mine', isError: true }, []], sidestream: ['settled', [ada]] })
}

differs('malformed events', 'do not end the hooks', async (stage) => {
  const keys: string[] = []
  stage.server.append(stage.path, [insert('1', ada), { hello: 1 }, insert('2', ada)])
  const db = create(stage, { onEvent: ({ key }) => keys.push(key) })
  return [((await outcomeOf(() => db.preload())) as { isError?: boolean }).isError, keys]
}, { peer: [true, ['1']], sidestream: [undefined, ['1', '2']] })

differs('a hook that throws', 'stops nothing', async (stage) => {
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage, { onEvent: () => { throw new Error('mine') } })
  return [await outcomeOf(() => db.preload()), rows(db.collections.users)]
}, { peer: [{ error: 'mine', isError: true }, []], sidestream: ['settled', [ada]] })
