import { createStateSchema } from 'sidestream/state'
import { defineQueries, exposeStreamDB } from 'sidestream/worker-with-queries'
import { customers, orders, ordersOfCustomers } from '../pages/orders.ts'

const state = createStateSchema({ orders, customers })

export const queries = defineQueries(state, { ordersOfCustomers: (q, sources) => ordersOfCustomers(q, sources) })

exposeStreamDB({ state, queries })
