import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DiffBatch } from '../../src/shared/batch.ts'
import { PendingKeys } from '../../src/shared/pending-keys.ts'
import { pack, sliceRows } from '../../src/shared/row-table.ts'

const PRIMARY_KEYS = new Map([['items', 'id'], ['users', 'name']])
type Noted = Pick<DiffBatch, 'replace' | 'replaced' | 'diffs'>

const key = fc.constantFrom('a', 'b', 'c', '__proto__')
const diff = fc
  .record({
    collection: fc.constantFrom('items', 'users', 'unknown'),
    changes: fc.uniqueArray(fc.record({ key, isDeleted: fc.boolean(), isPending: fc.boolean() }), { selector: (change) => change.key }),
    isTable: fc.boolean(),
    isPlain: fc.boolean(),
  })
  .map(({ collection, changes, isTable, isPlain }): Noted['diffs'][number] => {
    const field = PRIMARY_KEYS.get(collection) ?? 'id'
    const rows = changes.filter(({ isDeleted }) => !isDeleted).map((change) => ({ other: 1, [field]: change.key }))
    const pending = changes.filter(({ isPending }) => isPending).map((change) => change.key)
    return {
      collection,
      rows: isTable ? pack(rows, 1) : rows,
      deleted: changes.filter(({ isDeleted }) => isDeleted).map((change) => change.key),
      ...(isPlain && pending.length === 0 ? {} : { pending }),
    }
  })
const batch: fc.Arbitrary<Noted> = fc.record({
  replace: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  replaced: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.subarray(['items', 'users']) }),
  diffs: fc.array(diff, { maxLength: 3 }),
})

/** Per key, whether the last diff that mentioned it listed it. */
function reference(batches: readonly Noted[]): Record<string, string[]> {
  let last: Array<{ collection: string; key: string; isPending: boolean }> = []
  for (const { replace, replaced, diffs } of batches) {
    if (replace) last = []
    last = last.filter(({ collection }) => !replaced.includes(collection))
    for (const { collection, rows, deleted, pending = [] } of diffs) {
      const primaryKey = PRIMARY_KEYS.get(collection)
      if (primaryKey === undefined) continue
      const plain = sliceRows(rows, 0, Infinity).map((row) => row[primaryKey])
      for (const mentioned of [...(plain as string[]), ...deleted]) {
        last = last.filter((each) => each.collection !== collection || each.key !== mentioned)
        last.push({ collection, key: mentioned, isPending: pending.includes(mentioned) })
      }
    }
  }
  const all: Record<string, string[]> = {}
  for (const { collection, key: pendingKey, isPending } of last) if (isPending) (all[collection] ??= []).push(pendingKey)
  return all
}

const sorted = (all: Readonly<Record<string, readonly string[]>>): Array<[string, string[]]> =>
  Object.entries(all).map(([name, keys]): [string, string[]] => [name, [...keys].sort()]).sort(([a], [b]) => (a < b ? -1 : 1))

test('a key is pending if, and only if, the last diff that mentioned it listed it', () => {
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 8 }), (batches) => {
      const keys = new PendingKeys(PRIMARY_KEYS)
      for (const each of batches) keys.note(each)
      expect(sorted(keys.all)).toEqual(sorted(reference(batches)))
      keys.clear()
      expect(keys.all).toEqual({})
    }),
  )
})

test('while none is pending, no row is looked at', () => {
  const keys = new PendingKeys(PRIMARY_KEYS)
  const unread = { get id(): string { throw new Error('the row was read') } }
  const plain = { replace: false, replaced: [], diffs: [{ collection: 'items', rows: [unread], deleted: [] }] }
  keys.note(plain)
  keys.note({ ...plain, diffs: [{ collection: 'users', rows: [{ name: 'u' }], deleted: [], pending: ['u'] }] })
  keys.note(plain)
  expect(keys.all).toEqual({ users: ['u'] })
})
