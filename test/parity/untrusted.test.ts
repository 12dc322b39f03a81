// @vitest-environment-options {"own":"parity/untrusted"}
// What a server that answers late, never, from an old copy or at once does to each.
import type { DurableStreamOptions } from '@durable-streams/client'
import { expect, vi } from 'vitest'
import { differs, rows, within, type Stage } from './harness.ts'
import { insert, schemaOf } from './schema.ts'

const ada = { id: '1', name: 'Ada' }
const bob = { id: '2', name: 'Bob' }
const old = { id: '9', name: 'Old' }

const create = ({ library, url, keep }: Stage, options: Partial<DurableStreamOptions> = {}, more: object = {}) =>
  keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json', ...options }, state: schemaOf(library), live: true, ...more }))

/** Live, with one row; the server is waited at. */
async function live(stage: Stage) {
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage)
  await db.preload()
  await vi.waitFor(() => { expect(stage.server.log.open({ path: stage.path }).length).toBe(1) })
  return db
}

/** An answer of the stream as it once was. */
const copy = (body: unknown[], offset: string) => ({
  headers: { 'content-type': 'application/json', 'stream-next-offset': offset, 'stream-up-to-date': 'true' },
  body: JSON.stringify(body),
})

differs('a request that is never answered', 'is waited for, or made again', async (stage) => {
  stage.server.append(stage.path, [insert('1', ada)])
  stage.server.faults.hang({ times: 1, match: { path: stage.path } })
  const db = create(stage, {}, stage.side === 'sidestream' ? { silenceTimeoutMs: 300 } : {})
  return [await within(2000, db.preload()), rows(db.collections.users)]
}, { peer: ['pending', []], sidestream: ['settled', [ada]] })

differs('an answer that is older than what is shown', 'is shown, or left out', async (stage) => {
  const db = await live(stage)
  const told = stage.server.faults.respond(200, { times: 1, match: { path: stage.path }, ...copy([insert('9', old)], '0000000000000000_0000000000000000') })
  stage.server.dropConnections()
  await told.struck
  stage.server.append(stage.path, [insert('2', bob, { txid: 't' })])
  await db.utils.awaitTxId('t', 10_000)
  return rows(db.collections.users)
}, { peer: [ada, bob, old], sidestream: [ada, bob] })

differs('a server that answers at once, whatever it is', 'is asked again at once, or after pauses', async (stage) => {
  await live(stage)
  stage.server.faults.respond(200, { match: { path: stage.path }, ...copy([], stage.server.tailOffset(stage.path)) })
  stage.server.log.clear()
  stage.server.dropConnections()
  return vi.waitFor(() => { expect(stage.server.log.count()).toBeGreaterThan(50) }, { timeout: 2000 }).then(() => 'a storm', () => 'pauses')
}, { peer: 'a storm', sidestream: 'pauses' })

differs('`headers`, `params` that throw', 'reject with what was thrown, or with a code', async (stage) => {
  const db = create(stage, {
    headers: {
      Authorization: () => {
        throw new Error('no token')
      },
    },
  })
  try {
    await db.preload()
    return 'settled'
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).message
  }
}, { peer: 'no token', sidestream: 'REQUEST_VALUES' })
