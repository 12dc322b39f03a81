// @vitest-environment-options {"own":"parity/errors"}
import { describe } from 'vitest'
import { differs, hasRows, outcomeOf, rows, same, within, type Stage } from './harness.ts'
import { insert, schemaOf } from './schema.ts'
import type { DurableStreamOptions } from '@durable-streams/client'

const ada = { id: '1', name: 'Ada' }
const create = ({ library, url, keep }: Stage, options: Partial<DurableStreamOptions> = {}) =>
  keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json', ...options }, state: schemaOf(library) }))

const statusOf = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    await work()
    return 'settled'
  } catch (error) {
    return [error instanceof Error, (error as { status?: number }).status]
  }
}

describe('a refusal', () => {
  for (const status of [401, 403, 404, 410]) {
    same(`of ${String(status)} rejects preload() with the status`, (stage) => {
      stage.server.faults.respond(status, { match: { path: stage.path } })
      return statusOf(() => create(stage).preload())
    }, [true, status])
  }
  same('of 503 is waited out', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    stage.server.faults.respond(503, { times: 2, match: { path: stage.path } })
    const db = create(stage)
    await db.preload()
    return rows(db.collections.users)
  }, [ada])
  same('a server that cannot be reached is waited for', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    await stage.server.goOffline()
    const db = create(stage)
    const waiting = db.preload()
    const whileOffline = await within(300, waiting)
    await stage.server.goOnline()
    await waiting
    return [whileOffline, rows(db.collections.users)]
  }, ['pending', [ada]])
  differs('401, 403', 'is no end: preload() may be called again with other credentials', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    stage.server.requireToken('good')
    let token = 'bad'
    const db = create(stage, { headers: { Authorization: () => `Bearer ${token}` } })
    const first = await statusOf(() => db.preload())
    token = 'good'
    return [first, await within(1000, db.preload()), rows(db.collections.users)]
  }, { peer: [[true, 401], 'pending', []], sidestream: [[true, 401], 'settled', [ada]] })
  differs('404, 410 later on', 'is tried again', async (stage) => {
    const db = create(stage)
    await db.preload()
    stage.server.faults.respond(404, { times: 2, match: { path: stage.path } })
    stage.server.dropConnections()
    stage.server.append(stage.path, [insert('1', ada, { txid: 't' })])
    return outcomeOf(() => db.utils.awaitTxId('t', 4000))
  }, { peer: expectError('404'), sidestream: 'settled' })
})

function expectError(part: string): unknown {
  return { asymmetricMatch: (seen: { error?: string } | null) => seen?.error?.includes(part) ?? false, toString: () => `an error with ${part}` }
}

describe('onError', () => {
  same('that returns headers tries again: preload() settles', async (stage) => {
    stage.server.append(stage.path, [insert('1', ada)])
    stage.server.requireToken('good')
    let calls = 0
    const db = create(stage, {
      headers: { Authorization: 'Bearer bad' },
      onError: () => {
        calls += 1
        return { headers: { Authorization: 'Bearer good' } }
      },
    })
    return [await outcomeOf(() => db.preload()), calls, rows(db.collections.users)]
  }, ['settled', 1, [ada]])
  same('that returns params tries again with them', async (stage) => {
    stage.server.requireToken((_, { query }) => query.get('key') === 'good')
    const db = create(stage, { params: { key: 'bad' }, onError: async () => ({ params: { key: 'good' } }) })
    return outcomeOf(() => db.preload())
  }, 'settled')
  same('that returns an empty object tries again as it was', async (stage) => {
    stage.server.faults.respond(401, { times: 2, match: { path: stage.path } })
    let calls = 0
    const db = create(stage, {
      onError: () => {
        calls += 1
        return {}
      },
    })
    return [await outcomeOf(() => db.preload()), calls]
  }, ['settled', 2])
  same('that returns nothing rejects preload()', async (stage) => {
    stage.server.requireToken('good')
    const seen: unknown[] = []
    const db = create(stage, { onError: (error) => { seen.push([error instanceof Error, (error as { status?: number }).status]) } })
    return [await statusOf(() => db.preload()), seen]
  }, [[true, 401], [[true, 401]]])
  same('that is asynchronous and returns nothing rejects preload()', async (stage) => {
    stage.server.requireToken('good')
    return statusOf(() => create(stage, { onError: async () => { await Promise.resolve() } }).preload())
  }, [true, 401])
  differs('an `onError` that throws', 'rejects preload()', async (stage) => {
    stage.server.requireToken('good')
    return outcomeOf(() => create(stage, { onError: () => { throw new Error('mine') } }).preload())
  }, { peer: { error: 'mine', isError: true }, sidestream: { error: 'onError threw: mine', isError: true } })
})

describe('append', () => {
  same('rejects when the server refuses', async (stage) => {
    const db = create(stage)
    await db.preload()
    stage.server.faults.respond(403, { match: { method: 'POST', path: stage.path } })
    return statusOf(() => db.stream.append(JSON.stringify(insert('1', ada))))
  }, [true, 403])
  for (const [name, body] of [['an object', ada], ['a promise of one', Promise.resolve(ada)], ['nothing', undefined], ['null', null], ['a number', 7]] as const) {
    same(`of ${name} rejects`, async (stage) => {
      const outcome = await within(1000, create(stage).stream.append(body as never))
      return (outcome as { isError?: boolean }).isError
    }, true)
  }
  same('takes strings, bytes and promises of them, and batches', async (stage) => {
    const db = create(stage)
    await db.preload()
    await Promise.all([
      db.stream.append(JSON.stringify(insert('1', ada))),
      db.stream.append(new TextEncoder().encode(JSON.stringify(insert('2', { id: '2', name: 'Bob' })))),
      db.stream.append(Promise.resolve(JSON.stringify(insert('3', { id: '3', name: 'Eve' })))),
    ])
    await hasRows(db.collections.users, 3)
    return rows(db.collections.users)
  }, [ada, { id: '2', name: 'Bob' }, { id: '3', name: 'Eve' }])
})
