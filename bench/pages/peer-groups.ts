import { createStateSchema, createStreamDB } from '@durable-streams/state/db'
import { groupsPage, liveGroups } from './groups-page.ts'
import { customers, orders, type Sources } from './orders.ts'

const state = createStateSchema({ orders, customers })

groupsPage(({ stream }) => {
  const db = createStreamDB({ streamOptions: { url: stream, contentType: 'application/json' }, state })
  return {
    query: () => liveGroups(db.collections as unknown as Sources),
    preload: () => db.preload(),
    kept: () => Promise.resolve(),
  }
})
