// @vitest-environment-options {"own":"parity/live-modes"}
// `live`: true, "long-poll", "sse", or false; and what each of them shows as time goes on.
import { describe, expect, vi } from 'vitest'
import { differs, outcomeOf, rows, same, type Stage } from './harness.ts'
import { insert, remove, schemaOf, update } from './schema.ts'

const ada = { id: '1', name: 'Ada' }
const bob = { id: '2', name: 'Bob' }
const BREAKS = 'server-sent events whose connection breaks'
type Live = boolean | 'long-poll' | 'sse'

const create = ({ library, url, keep }: Stage, live?: Live) =>
  keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json' }, state: schemaOf(library), ...(live === undefined ? {} : { live }) }))

/** A request for what is going to happen is with the server. */
const listens = ({ server, path }: Stage): Promise<void> => vi.waitFor(() => { expect(server.log.open({ path }).length).toBe(1) })

for (const [live, param] of [[undefined, 'long-poll'], [true, 'long-poll'], ['long-poll', 'long-poll'], ['sse', 'sse']] as const) {
  describe(`live: ${String(live)}`, () => {
    /** A connection breaks: the peer's server-sent events are over then. */
    const across = (title: string, scenario: (stage: Stage) => unknown): void => {
      if (live === 'sse') differs(BREAKS, title, scenario, { peer: [{ error: 'terminated', isError: true }, []], sidestream: ['settled', [ada]] })
      else same(title, scenario, ['settled', [ada]])
    }

    same(`catches up, then listens by ${param}`, async (stage) => {
      const { server, path } = stage
      server.append(path, [insert('1', ada)])
      const db = create(stage, live)
      await db.preload()
      const first = rows(db.collections.users)
      await listens(stage)
      server.append(path, [insert('2', bob, { txid: 't' })])
      await db.utils.awaitTxId('t')
      const modes = new Set(server.log.all({ path }).map(({ query }) => query.get('live')))
      return [first, rows(db.collections.users).length, modes.has(param), [...modes].filter((mode) => mode !== null)]
    }, [[ada], 2, true, [param]])

    same('shows each append, one after the other', async (stage) => {
      const { server, path } = stage
      const db = create(stage, live)
      await db.preload()
      const seen: unknown[] = []
      const steps = [[insert('1', ada)], [insert('2', bob), update('1', { id: '1', name: 'A' })], [{ ...insert('2', { id: '2', name: 'B' }), headers: { operation: 'upsert' } }], [remove('1')]]
      for (const [index, events] of steps.entries()) {
        server.append(path, [...events, { type: 'message', key: 'm', value: { id: 'm', text: String(index) }, headers: { operation: 'upsert', txid: `t${String(index)}` } }])
        await db.utils.awaitTxId(`t${String(index)}`)
        seen.push(rows(db.collections.users))
      }
      return [seen, rows(db.collections.messages), db.offset === server.tailOffset(path)]
    }, [
      [[ada], [{ id: '1', name: 'A' }, bob], [{ id: '1', name: 'A' }, { id: '2', name: 'B' }], [{ id: '2', name: 'B' }]],
      [{ id: 'm', text: '3' }],
      true,
    ])

    across('goes on after a connection that was lost', async (stage) => {
      const { server, path } = stage
      const db = create(stage, live)
      await db.preload()
      await listens(stage)
      server.dropConnections()
      server.append(path, [insert('1', ada, { txid: 't' })])
      return [await outcomeOf(() => db.utils.awaitTxId('t')), rows(db.collections.users)]
    })

    across('goes on when a server is there again', async (stage) => {
      const { server, path } = stage
      const db = create(stage, live)
      await db.preload()
      await listens(stage)
      await server.goOffline()
      server.append(path, [insert('1', ada, { txid: 't' })])
      await server.goOnline()
      return [await outcomeOf(() => db.utils.awaitTxId('t')), rows(db.collections.users)]
    })

    same('has the last events of a stream that is closed meanwhile', async (stage) => {
      const { server, path } = stage
      const db = create(stage, live)
      await db.preload()
      await listens(stage)
      server.append(path, [insert('1', ada, { txid: 't' })])
      server.closeStream(path)
      await db.utils.awaitTxId('t')
      await vi.waitFor(() => { expect(server.log.open({ path }).length).toBe(0) })
      return rows(db.collections.users)
    }, [ada])
  })
}

for (const live of ['long-poll', 'sse'] as const) {
  same(`asks for nothing once it is closed: ${live}`, async (stage) => {
    const { server, path } = stage
    const db = create(stage, live)
    await db.preload()
    await listens(stage)
    const before = server.log.count({ path })
    db.close()
    // An engine outlives its last StreamDB by 2 s.
    await vi.waitFor(() => { expect(server.log.open({ path }).length).toBe(0) }, { timeout: 4000 })
    server.append(path, [insert('1', ada)])
    return [server.log.count({ path }) - before, rows(db.collections.users)]
  }, [0, []])
}

describe('live: false', () => {
  same('stops at the end', async (stage) => {
    const { server, path } = stage
    server.append(path, [insert('1', ada)])
    const db = create(stage, false)
    await db.preload()
    const requests = server.log.all({ path })
    await Promise.all(requests.map(({ over }) => over))
    return [rows(db.collections.users), requests.every(({ query }) => query.get('live') === null), server.log.open({ path }).length]
  }, [[ada], true, 0])

  same('shows nothing of what is appended later, also when preload() is called again', async (stage) => {
    const { server, path } = stage
    server.append(path, [insert('1', ada)])
    const db = create(stage, false)
    await db.preload()
    server.append(path, [insert('2', bob, { txid: 't' })])
    await db.preload()
    return [await outcomeOf(() => db.utils.awaitTxId('t', 50)), rows(db.collections.users)]
  }, [{ error: 'Timeout waiting for txid: t', isError: true }, [ada]])

  same('has all of a stream of many answers', async (stage) => {
    const { server, path } = stage
    for (let part = 0; part < 5; part += 1) server.append(path, [insert(String(part), { id: String(part), name: 'N' })])
    const db = create(stage, false)
    await db.preload()
    return rows(db.collections.users).length
  }, 5)
})
