import { expect, test, vi } from 'vitest'
import type { OutboxRequest, OutboxStore, Sent } from '../../src/worker/ports.ts'
import { toldByHead } from '../../src/worker/core/stored-phases.ts'
import { Overlay } from '../../src/worker/core/overlay.ts'
import { emptyOutbox, MemoryOutbox } from '../../src/worker/store/memory-outbox.ts'
import { Writes } from '../../src/worker/writes/writes.ts'
import type { Write } from '../../src/shared/write.ts'
import { START_OFFSET } from '../../src/shared/position.ts'
import type { Moment } from '../../src/worker/core/lineage.ts'
import { Gate } from '../../src/shared/gate.ts'
import { anySettings, NO_OUTBOX, Origin, settled } from '../support/origin.ts'

/** An outbox whose storage and server wait for the test. */
function open(openOutbox?: () => Promise<OutboxStore>) {
  const requests: Array<{ readonly request: OutboxRequest; readonly answer: Gate<Sent> }> = []
  const held: Gate<void>[] = []
  let isHeld = false
  const server = { isCaughtUp: true, holds: (_: Moment): boolean => true }
  const shown = { offset: '1', txids: [] as string[] }
  /** `durable`, as it was told. */
  const told: boolean[] = []
  /** Where the lookups of a request have begun. */
  const lookups: string[] = []
  const medium = emptyOutbox()
  const inner = new MemoryOutbox(medium)
  const store: OutboxStore = {
    lost: inner.lost,
    claim: (claim, now) => inner.claim(claim, now),
    read: () => inner.read(),
    commit: async (write) => {
      const gate = new Gate<void>()
      held.push(gate)
      if (isHeld) await gate.promise
      await inner.commit(write)
    },
    close: () => { inner.close() },
  }
  const overlay = new Overlay({ primaryKeys: new Map([['users', 'id']]), base: () => new Map() })
  const origin = new Origin()
  const env = origin.env('one', { openOutbox: openOutbox ?? (() => Promise.resolve(store)) })
  const writes: Writes = new Writes({
    env,
    settings: anySettings,
    source: {
      ...env.createSource(anySettings, () => Promise.reject(new Error('no values here'))),
      ...NO_OUTBOX,
      read: async ({ offset, onBatch }) => {
        lookups.push(offset)
        await onBatch({ items: [], offset: '9', upToDate: true, streamClosed: false })
        return 'caught-up'
      },
      send: (request) => {
        const answer = new Gate<Sent>()
        requests.push({ request, answer })
        return answer.promise
      },
    },
    validators: new Map(),
    readings: {
      overlay,
      shown,
      moment: { branch: 'b', seq: 0, digest: 0 },
      holds: (moment) => server.holds(moment),
      lay: (writes) => { overlay.add(writes, () => undefined) },
      uncover: (numbers) => { for (const number of numbers) overlay.drop(number, () => undefined) },
    },
    isCaughtUp: () => server.isCaughtUp,
    isSeen: () => true,
    onRows: () => undefined,
    onNews: () => undefined,
    onReset: () => undefined,
    onCounts: () => { told.push(writes.counts.durable) },
    onProblem: () => undefined,
    onDeleted: () => undefined,
  })
  const accepted: Sent = { kind: 'decided', verdict: { kind: 'accepted', offset: '2' } }
  return {
    server,
    writes,
    requests,
    lookups,
    told,
    shown,
    store,
    /** The same data, opened once more. */
    reopened: () => new MemoryOutbox(medium),
    clock: origin.clock,
    accept: (index: number) => { requests[index]!.answer.resolve(accepted) },
    hold: () => { isHeld = true },
    release: () => {
      isHeld = false
      for (const gate of held) gate.resolve()
    },
    /** The commit that is held fails; later ones do not. */
    failHeld: () => {
      isHeld = false
      for (const gate of held) gate.reject(new Error('the disk is full'))
    },
  }
}

const insert = (id: string): Write => ({ id: `insert ${id}`, createdAt: 0, mutations: [{ kind: 'put', collection: 'users', key: id, value: { id, name: 'Ada', age: 36 }, operation: 'insert' }] })
const patch = (id: string): Write => ({ id: `patch ${id}`, createdAt: 0, mutations: [{ kind: 'patch', collection: 'users', key: id, changes: { name: 'Bob' } }] })

test('a write is not sent before it is stored and shown: else a later patch of its row would find no row', async () => {
  const { writes, requests, accept, hold, release } = open()
  await writes.open()
  await writes.add(insert('first'), () => undefined)
  await vi.waitFor(() => { expect(requests).toHaveLength(1) })
  hold()
  const adding = [insert('row'), patch('row')].map((write) => writes.add(write, () => undefined))
  accept(0)
  await settled()
  expect(requests).toHaveLength(1)
  release()
  await Promise.all(adding)
  await vi.waitFor(() => { expect(requests).toHaveLength(2) })
  expect(JSON.parse(`[${requests[1]!.request.body}]`)).toEqual([
    { type: 'user', key: 'row', value: { id: 'row', name: 'Ada', age: 36 }, headers: { operation: 'insert', txid: 'insert row' } },
    { type: 'user', key: 'row', value: { id: 'row', name: 'Bob', age: 36 }, headers: { operation: 'update', txid: 'patch row' } },
  ])
  await writes.close()
})

test('a write that updates a row that is not there is parked whole, and with it an update of a row that it inserts; other writes are sent', async () => {
  const { writes, requests, accept } = open()
  await writes.open()
  const first: Write = { ...insert('other'), id: 'both', mutations: [...insert('other').mutations, ...patch('row').mutations] }
  await writes.add(first, () => undefined)
  await writes.add(patch('other'), () => undefined)
  await vi.waitFor(() => { expect(writes.pending.map(({ id, state, error }) => [id, state, error?.code])).toEqual([['both', 'parked', 'ROW_MISSING'], ['patch other', 'parked', 'ROW_MISSING']]) })
  expect(requests).toEqual([])
  await writes.add(insert('row'), () => undefined)
  await vi.waitFor(() => { expect(requests).toHaveLength(1) })
  expect(await writes.retry('both')).toBe(true)
  expect(await writes.discard('patch other')).toBe(true)
  accept(0)
  await writes.close()
})

test('an update that is sent again is laid over what later writes have done in the stream meanwhile', async () => {
  const { writes, requests, accept } = open()
  await writes.open()
  const update = (id: string, changes: object): Write => ({ id, createdAt: 0, mutations: [{ kind: 'patch', collection: 'users', key: 'row', changes: { ...changes } }] })
  await writes.add(insert('row'), () => undefined)
  await vi.waitFor(() => { expect(requests).toHaveLength(1) })
  accept(0)
  await writes.add(update('bad', { name: 'Bob' }), () => undefined)
  await vi.waitFor(() => { expect(requests).toHaveLength(2) })
  requests[1]!.answer.resolve({ kind: 'decided', verdict: { kind: 'refused', error: { code: 'STREAM_ERROR', message: 'no', retryable: false }, isOfAll: false } })
  await writes.add(update('good', { age: 40 }), () => undefined)
  await vi.waitFor(() => { expect(requests).toHaveLength(3) })
  accept(2)
  await vi.waitFor(() => { expect(writes.pending.map(({ id, state }) => [id, state])).toEqual([['bad', 'parked']]) })
  // The stream's rows with the last one have not been read yet.
  await writes.retry('bad')
  await vi.waitFor(() => { expect(requests).toHaveLength(4) })
  expect(JSON.parse(requests[3]!.request.body)).toMatchObject({ value: { id: 'row', name: 'Bob', age: 40 } })
  accept(3)
  await writes.add({ id: 'gone', createdAt: 0, mutations: [{ kind: 'remove', collection: 'users', key: 'row' }] }, () => undefined)
  await vi.waitFor(() => { expect(requests).toHaveLength(5) })
  await writes.close()
})

test('a txid that another write has is refused, and the same write is taken once', async () => {
  const { writes } = open()
  await writes.open()
  await writes.add(insert('row'), () => undefined)
  await writes.add(insert('row'), () => undefined)
  await expect(writes.add({ ...insert('row'), mutations: insert('other').mutations }, () => undefined)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('insert row') as string })
  expect(writes.pending.map(({ id }) => id)).toEqual(['insert row'])
  await writes.close()
})

test('writes that were made in memory are stored before a request has them, when storage works again', async () => {
  let isBroken = true
  const outbox = open(() => (isBroken ? Promise.reject(new Error('broken')) : Promise.resolve(outbox.store)))
  const { writes, requests, accept, clock, server } = outbox
  await writes.open()
  await writes.add(insert('first'), () => undefined)
  await vi.waitFor(() => { expect(requests).toHaveLength(1) })
  await writes.add(insert('second'), () => undefined)
  server.isCaughtUp = false
  accept(0)
  await settled()
  writes.settled('2')
  server.isCaughtUp = true
  isBroken = false
  clock.advance(60_000)
  await vi.waitFor(() => { expect(requests).toHaveLength(2) })
  const stored = await outbox.store.read()
  expect(stored?.head.request?.body).toBe(requests[1]!.request.body)
  expect(toldByHead(stored!.head, stored!.entries)).toMatchObject([{ write: { id: 'insert second' }, phase: 'sent' }])
  await writes.close()
})

test('an outbox that opens while a write is sent from memory is used when that write is done with, and this is told', async () => {
  let isBroken = true
  const outbox = open(() => (isBroken ? Promise.reject(new Error('broken')) : Promise.resolve(outbox.store)))
  const { writes, requests, accept, clock, told, store } = outbox
  await writes.open()
  await writes.add(insert('row'), () => undefined)
  await vi.waitFor(() => { expect(requests).toHaveLength(1) })
  isBroken = false
  clock.advance(60_000)
  await settled()
  accept(0)
  await settled()
  expect(told).not.toContain(true)
  writes.settled('2')
  await vi.waitFor(() => { expect(told.at(-1)).toBe(true) })
  expect(await store.read()).toMatchObject({ entries: [], recent: [{ id: 'insert row' }] })
  await writes.close()
})

test('a write that is refused because it could not be stored is not stored by a later commit', async () => {
  const { writes, store, hold, failHeld } = open()
  await writes.open()
  hold()
  const [first, second] = [insert('first'), insert('second')].map((write) => writes.add(write, () => undefined).then(() => 'stored', (error: { code: string }) => error.code))
  await settled()
  const third = writes.add(insert('third'), () => undefined).then(() => 'stored', (error: { code: string }) => error.code)
  failHeld()
  expect(await Promise.all([first, second, third])).toEqual(['STORAGE_FAILED', 'STORAGE_FAILED', 'stored'])
  await settled()
  expect((await store.read())?.entries.map(({ write }) => write.id)).toEqual(['insert third'])
  await writes.close()
})

test.each([
  ['from its own offset, when the stream is the one that was read then', true, '1'],
  ['from the start, when the stream may have been made again: its offsets are the same', false, START_OFFSET],
])('a request that is found in storage is looked for %s', async (_, isSame, from) => {
  const first = open()
  await first.writes.open()
  await first.writes.add(insert('row'), () => undefined)
  await vi.waitFor(() => { expect(first.requests).toHaveLength(1) })
  first.writes.abandon()
  const next = open(() => Promise.resolve(first.reopened()))
  next.server.holds = (moment) => isSame && moment.branch === 'b'
  await next.writes.open()
  next.writes.hurry()
  await settled()
  next.clock.advance(1000)
  await vi.waitFor(() => { expect(next.requests).toHaveLength(1) })
  expect(next.lookups).toEqual([from])
  next.writes.abandon()
})

test('a write that was read before the outbox could be opened is not sent', async () => {
  const first = open()
  first.server.isCaughtUp = false
  await first.writes.open()
  for (const id of ['read', 'new']) await first.writes.add(insert(id), () => undefined)
  first.writes.abandon()
  let isBroken = true
  const next = open(() => (isBroken ? Promise.reject(new Error('broken')) : Promise.resolve(first.reopened())))
  await next.writes.open()
  next.shown.txids.push('insert read')
  isBroken = false
  next.clock.advance(60_000)
  await vi.waitFor(() => { expect(next.requests.map(({ request }) => request.writes.map(({ id }) => id))).toEqual([['insert new']]) })
  next.writes.abandon()
})

test('a write is given up only when that is stored: else the next engine would send it', async () => {
  const lost = new Gate<Error>()
  const outbox = open(() => Promise.resolve({ ...outbox.store, lost: lost.promise, close: () => undefined }))
  const { writes, store, server } = outbox
  server.isCaughtUp = false
  await writes.open()
  for (const id of ['first', 'second']) await writes.add(insert(id), () => undefined)
  expect(await writes.discard('insert first')).toBe(true)
  lost.resolve(new Error('the browser has closed the connection'))
  await settled()
  await expect(writes.discard('insert second')).rejects.toMatchObject({ code: 'STORAGE_FAILED', retryable: true })
  expect(writes.pending).toEqual([])
  expect((await store.read())?.entries.map(({ write }) => write.id)).toEqual(['insert second'])
  await writes.close()
})

test.each([
  ['a bigint', { n: 1n }],
  ['a cycle', (() => { const cycle: Record<string, unknown> = {}; cycle['self'] = cycle; return cycle })()],
  ['more levels than a row may have', Array.from({ length: 200 }).reduce<Record<string, unknown>>((inner) => ({ inner }), {})],
])('a write with %s, from a tab that is not ours, is refused, and holds back no other write', async (_, more) => {
  const { writes, requests } = open()
  await writes.open()
  for (const mutation of [
    { kind: 'put', collection: 'users', key: '1', value: { id: '1', more }, operation: 'insert' },
    { kind: 'patch', collection: 'users', key: '1', changes: { more } },
    { kind: 'remove', collection: 'users', key: '1', extra: { headers: { n: 1n } } },
  ] as const) {
    await expect(writes.add({ id: mutation.kind, createdAt: 1, mutations: [mutation] }, () => undefined)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
  await writes.add({ id: 'w', createdAt: 1, mutations: [{ kind: 'remove', collection: 'users', key: '2' }] }, () => undefined)
  await vi.waitFor(() => { expect(requests.map(({ request }) => request.writes.map(({ id }) => id))).toEqual([['w']]) })
})
