import { expect, test } from 'vitest'
import { createTestStreamDB } from '../../src/testing/index.ts'
import { schema } from '../support/schema.ts'

const ada = { type: 'user', key: '1', value: { id: '1', name: 'Ada' }, headers: { operation: 'insert' as const } }

test.each(['when its rows come', 'when it becomes ready'])('a StreamDB that a subscriber closes %s stays closed in its status', async (when) => {
  const { db } = createTestStreamDB({ state: schema, events: [ada] })
  if (when === 'when its rows come') db.collections.users.subscribeChanges(() => { db.close() })
  else db.collections.users.onFirstReady(() => { db.close() })
  const outcome = await db.preload().then(() => 'ready', (error: unknown) => (error as { code: string }).code)
  expect([outcome, db.status.getSnapshot()]).toMatchObject(['CLOSED', { connection: 'closed', upToDate: false }])
})
