import { createStateSchema, createStreamDB } from 'sidestream'
import { groupsPage, liveGroups } from './groups-page.ts'
import { kept } from './kept.ts'
import { customers, orders } from './orders.ts'
import type { queries } from '../workers/groups.ts'

const worker = (): Worker => new Worker('/sidestream-groups-worker.js', { type: 'module' })

groupsPage(({ stream, mode }) => {
  const syncMode = mode === 'worker' ? 'on-demand' : 'eager'
  const state = createStateSchema({ orders: { ...orders, syncMode }, customers: { ...customers, syncMode } })
  const db = createStreamDB({
    streamOptions: { url: stream, contentType: 'application/json' },
    state,
    worker,
    // For the type: in this page there is no query that could run in the worker's place.
    queries: {} as typeof queries,
  })
  return {
    query: () => (mode === 'worker' ? db.query('ordersOfCustomers') : liveGroups(db.collections)),
    preload: () => db.preload(),
    kept: () => kept(db),
  }
})
