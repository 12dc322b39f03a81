// `live`: true, "long-poll", "sse", or false.
import { expect, vi } from 'vitest'
import { rows, same } from './harness.ts'
import { insert, schemaOf } from './schema.ts'

const ada = { id: '1', name: 'Ada' }

for (const [live, param] of [[undefined, 'long-poll'], [true, 'long-poll'], ['long-poll', 'long-poll'], ['sse', 'sse']] as const) {
  same(`live: ${String(live)} catches up, then listens by ${param}`, async ({ library, url, keep, server, path }) => {
    server.append(path, [insert('1', ada)])
    const db = keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schemaOf(library), ...(live === undefined ? {} : { live }) }))
    await db.preload()
    const first = rows(db.collections.users)
    await vi.waitFor(() => { expect(server.log.open({ path }).length).toBe(1) })
    server.append(path, [insert('2', { id: '2', name: 'Bob' }, { txid: 't' })])
    await db.utils.awaitTxId('t')
    const modes = new Set(server.log.all({ path }).map(({ query }) => query.get('live')))
    return [first, rows(db.collections.users).length, modes.has(param), [...modes].filter((mode) => mode !== null)]
  }, [[ada], 2, true, [param]])
}

same('live: false stops at the end', async ({ library, url, keep, server, path }) => {
  server.append(path, [insert('1', ada)])
  const db = keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schemaOf(library), live: false }))
  await db.preload()
  const requests = server.log.all({ path })
  await Promise.all(requests.map(({ over }) => over))
  return [rows(db.collections.users), requests.every(({ query }) => query.get('live') === null), server.log.open({ path }).length]
}, [[ada], true, 0])
