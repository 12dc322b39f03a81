// @vitest-environment-options {"own":"parity/events"}
// What events do to rows: the State Protocol, where it speaks; the peer's code, where it does not.
import { describe } from 'vitest'
import * as v from 'valibot'
import { differs, outcomeOf, rows, same, within, type Stage } from './harness.ts'
import { insert, remove, schemaOf, update } from './schema.ts'

const ada = { id: '1', name: 'Ada' }
const bob = { id: '2', name: 'Bob' }
const upsert = (key: string, value: unknown): object => ({ type: 'user', key, value, headers: { operation: 'upsert' } })
const last = insert('9', { id: '9', name: 'Last' }, { txid: 'last' })

/** The rows of a stream of these events; what preload() said where it failed. */
const shown = (...events: unknown[]) => async ({ library, url, keep, server, path }: Stage): Promise<unknown> => {
  server.append(path, events)
  const db = keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schemaOf(library) }))
  const outcome = await within(10_000, db.preload())
  return outcome === 'settled' ? rows(db.collections.users) : outcome
}

/** The same in two batches, so that the second meets rows that are shown. */
const shownLater = (first: unknown[], ...events: unknown[]) => async ({ library, url, keep, server, path }: Stage): Promise<unknown> => {
  server.append(path, first)
  const db = keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schemaOf(library) }))
  await db.preload()
  server.append(path, [...events, last])
  const outcome = await outcomeOf(() => db.utils.awaitTxId('last', 1500))
  return outcome === 'settled' ? rows(db.collections.users).filter((row) => (row as { id: string }).id !== '9') : outcome
}

describe('operations', () => {
  same('insert, update and delete', shown(insert('1', ada), insert('2', bob), update('1', { id: '1', name: 'A' }), remove('2')), [{ id: '1', name: 'A' }])
  same('upsert inserts and updates', shown({ ...insert('1', ada), headers: { operation: 'upsert' } }, insert('2', bob), { ...insert('2', { id: '2', name: 'B' }), headers: { operation: 'upsert' } }), [ada, { id: '2', name: 'B' }])
  same('an insert of an existing key is an update', shownLater([insert('1', ada)], insert('1', { id: '1', name: 'A' })), [{ id: '1', name: 'A' }])
  same('a delete and an insert after it', shownLater([insert('1', ada)], remove('1'), insert('1', { id: '1', name: 'A' })), [{ id: '1', name: 'A' }])
  same('a delete with a value', shownLater([insert('1', ada)], { ...remove('1'), value: null }), [])
  same('an update of a missing key', shownLater([], update('1', ada)), [ada])
  same('a delete of a missing key', shownLater([insert('2', bob)], remove('1')), [bob])
  same('unknown types are passed over', shown({ type: 'else', key: '1', value: { a: 1 }, headers: { operation: 'insert' } }, insert('1', ada)), [ada])
  same('old_value does not matter', shown({ ...insert('1', ada), old_value: bob }), [ada])
  same('snapshot-start and what follows', shown({ headers: { control: 'snapshot-start' } }, insert('1', ada), { headers: { control: 'snapshot-end' } }), [ada])
  same('upserts, a delete and an upsert again, over time', shownLater([insert('1', ada)], upsert('1', { id: '1', name: 'A' }), upsert('2', bob), remove('2'), upsert('2', { id: '2', name: 'B' })), [{ id: '1', name: 'A' }, { id: '2', name: 'B' }])
  same('a snapshot that has only begun drops nothing', shownLater([insert('1', ada)], { headers: { control: 'snapshot-start' } }, insert('2', bob)), [ada, bob])
  same('a snapshot’s end without a beginning drops nothing', shownLater([insert('1', ada)], { headers: { control: 'snapshot-end' } }, insert('2', bob)), [ada, bob])
  same('a control event that is not known changes nothing', shownLater([insert('1', ada)], { headers: { control: 'hello' } }, insert('2', bob)), [ada, bob])
  differs('`reset`', 'is no trouble as the first event', shown({ headers: { control: 'reset' } }, insert('1', ada)), {
    peer: { error: 'No pending sync transaction to write to', isError: true },
    sidestream: [ada],
  })
  differs('`reset`', 'drops what came before it in its batch as well', shownLater([insert('1', ada)], insert('2', bob), { headers: { control: 'reset' } }, insert('3', { id: '3', name: 'Eve' })), {
    peer: { error: 'No pending sync transaction to write to', isError: true },
    sidestream: [{ id: '3', name: 'Eve' }],
  })
  differs('`snapshot-end`', 'also when the snapshot came in several appends', async ({ library, url, keep, server, path }) => {
    server.append(path, [insert('1', ada)])
    const db = keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schemaOf(library) }))
    await db.preload()
    for (const event of [{ headers: { control: 'snapshot-start' } }, insert('2', bob), { headers: { control: 'snapshot-end' } }, last]) server.append(path, [event])
    await db.utils.awaitTxId('last')
    return rows(db.collections.users).slice(0, -1)
  }, { peer: [ada, bob], sidestream: [bob] })
  differs('`reset`', 'clears the rows and goes on', shownLater([insert('1', ada)], { headers: { control: 'reset' } }, insert('2', bob)), {
    peer: { error: 'No pending sync transaction to write to', isError: true },
    sidestream: [bob],
  })
  differs('`snapshot-end`', 'drops what the snapshot did not mention', shownLater([insert('1', ada)], { headers: { control: 'snapshot-start' } }, insert('2', bob), { headers: { control: 'snapshot-end' } }), {
    peer: [ada, bob],
    sidestream: [bob],
  })
})

describe('values', () => {
  same('the event’s key is the row’s, whatever the value says', shown(insert('1', { name: 'Ada' }), insert('2', { name: 'Bob', id: 'other' })), [ada, bob])
  same('fields that the schema does not know stay', shown(insert('1', { ...ada, more: { deep: [1, null] } })), [{ ...ada, more: { deep: [1, null] } }])
  same('defaults and transformations of a schema are not applied', async ({ library, url, keep, server, path }) => {
    const schema = v.object({ id: v.string(), name: v.pipe(v.string(), v.toUpperCase()), age: v.optional(v.number(), 1) })
    server.append(path, [insert('1', ada)])
    const db = keep(library.createStreamDB({ streamOptions: { url }, state: library.createStateSchema({ users: { schema, type: 'user', primaryKey: 'id' } as never }) }))
    await db.preload()
    return rows(db.collections.users as never)
  }, [ada])
  same('`_seq` numbers the events in their order', async ({ library, url, keep, server, path }) => {
    server.append(path, [insert('2', bob), { type: 'message', key: 'm', value: { id: 'm', text: '' }, headers: { operation: 'insert' } }, insert('1', ada), update('2', bob)])
    const db = keep(library.createStreamDB({ streamOptions: { url }, state: schemaOf(library) }))
    await db.preload()
    const seq = (row: unknown): unknown => (row as { _seq: number })._seq
    return [seq(db.collections.messages.get('m')), seq(db.collections.users.get('1')), seq(db.collections.users.get('2'))]
  }, [1, 2, 3])
  differs('an update that lacks fields', 'replaces the row', shownLater([insert('1', { ...ada, age: 36 })], update('1', { id: '1', name: 'A' })), {
    peer: [{ id: '1', name: 'A', age: 36 }],
    sidestream: [{ id: '1', name: 'A' }],
  })
  differs('an update that lacks fields', 'so does an insert of an existing key, and an upsert', async (stage) => {
    const { server, path, library, keep, url } = stage
    server.append(path, [insert('1', { ...ada, age: 36 }), insert('2', { ...bob, age: 40 })])
    const db = keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schemaOf(library) }))
    await db.preload()
    server.append(path, [insert('1', ada), upsert('2', bob), last])
    await db.utils.awaitTxId('last')
    return rows(db.collections.users).slice(0, 2)
  }, { peer: [{ ...ada, age: 36 }, { ...bob, age: 40 }], sidestream: [ada, bob] })
  differs('a primitive value', 'so are null and nothing', shownLater([insert('1', ada)], insert('2', null), { type: 'user', key: '1', headers: { operation: 'update' } }), {
    peer: { error: 'StreamDB collections require object values; got object for type=user, key=2', isError: true },
    sidestream: [ada],
  })
  differs('a primitive value', 'is quarantined', shown(insert('1', 42), insert('2', bob)), {
    peer: { error: 'StreamDB collections require object values; got number for type=user, key=1', isError: true },
    sidestream: [bob],
  })
  differs('an array as value', 'is quarantined', shown(insert('1', ['a']), insert('2', bob)), { peer: [{ 0: 'a', id: '1' }, bob], sidestream: [bob] })
  const nested = (levels: number): object => JSON.parse('{"o":'.repeat(levels) + '1' + '}'.repeat(levels)) as object
  same('a value that is nested deep', shown(insert('1', { ...ada, deep: nested(150) })), [{ ...ada, deep: nested(150) }])
  differs('a value nested more than 200 levels deep', 'is quarantined', shown(insert('1', { ...ada, deep: nested(300) }), insert('2', bob)), {
    peer: [{ ...ada, deep: nested(300) }, bob],
    sidestream: [bob],
  })
  differs('a row that its schema refuses', 'is quarantined', shown(insert('1', { id: '1', name: 7 }), insert('2', bob)), { peer: [{ id: '1', name: 7 }, bob], sidestream: [bob] })
  for (const [name, schema, value] of [
    ['a strict schema that does not know the key', v.strictObject({ name: v.string() }), { name: 'Ada' }],
    ['a strict schema that knows the key', v.strictObject({ id: v.string(), name: v.string() }), { name: 'Ada' }],
    ['a schema with a numeric key', v.object({ id: v.number(), name: v.string() }), { id: 1, name: 'Ada' }],
  ] as const) {
    same(`${name} takes a row that is as it says`, async ({ library, url, keep, server, path }) => {
      server.append(path, [insert('1', value)])
      const db = keep(library.createStreamDB({ streamOptions: { url }, state: library.createStateSchema({ users: { schema: schema as never, type: 'user', primaryKey: 'id' } }) }))
      await db.preload()
      return rows(db.collections.users as never)
    }, [ada])
  }
})

describe('keys', () => {
  differs('a key that is a number or empty', 'is malformed', shown(insert(7 as never, { name: 'Ada' }), insert('', { name: 'Eve' }), insert('2', bob)), {
    peer: [{ id: '', name: 'Eve' }, bob, { id: 7, name: 'Ada' }],
    sidestream: [bob],
  })
})

describe('malformed events', () => {
  differs('malformed events', 'are quarantined', shown(insert('1', ada), null, { type: 'user', key: '3', headers: null }, insert('2', bob)), {
    peer: { error: "Cannot use 'in' operator to search for 'operation' in null", isError: true },
    sidestream: [ada, bob],
  })
  same('an optional header that is null is as good as absent', shown(insert('1', ada, { txid: null, timestamp: null, from: null, offset: null })), [ada])
  differs('an optional header of another wrong type', 'is malformed', shown(insert('1', ada, { txid: 7 }), insert('2', bob)), { peer: [ada, bob], sidestream: [bob] })
})
