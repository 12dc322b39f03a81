import { createRxDatabase } from 'rxdb/plugins/core'
import { getRxStorageDexie } from 'rxdb/plugins/storage-dexie'
import { otherPage } from './other-page.mjs'

const text = { type: 'string' }
const schema = {
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: {
    id: { type: 'string', maxLength: 20 },
    title: text,
    team: text,
    status: text,
    owner: text,
    points: { type: 'number', minimum: 0, maximum: 10_000_000, multipleOf: 1 },
    updatedAt: { type: 'number' },
  },
  required: ['id', 'points'],
  // Its docs: a query that sorts wants an index.
  indexes: ['points'],
}

async function open() {
  const db = await createRxDatabase({ name: 'others', storage: getRxStorageDexie() })
  const { rows } = await db.addCollections({ rows: { schema } })
  const stored = ({ error }) => {
    if (error.length > 0) throw new Error(`not stored: ${JSON.stringify(error[0])}`)
  }
  return {
    install: async (all) => stored(await rows.bulkInsert(all)),
    update: async (changed) => stored(await rows.bulkUpsert(changed)),
    top(order, told) {
      const subscription = rows.find({ selector: {}, sort: [{ points: order }], limit: 50 }).$.subscribe(told)
      return () => subscription.unsubscribe()
    },
  }
}

otherPage(open)
