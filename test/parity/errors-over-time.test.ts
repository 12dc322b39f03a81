// @vitest-environment-options {"own":"parity/errors-over-time"}
// What a refusal, or a server that is away, does to a StreamDB that has been live.
import type { DurableStreamOptions } from '@durable-streams/client'
import { describe, expect, vi } from 'vitest'
import { differs, outcomeOf, rows, same, within, type Stage } from './harness.ts'
import { insert, schemaOf } from './schema.ts'

const ada = { id: '1', name: 'Ada' }
const bob = { id: '2', name: 'Bob' }

const create = ({ library, url, keep }: Stage, options: Partial<DurableStreamOptions> = {}, live: true | 'sse' = true) =>
  keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json', ...options }, state: schemaOf(library), live }))

/** Live, with one row; the server is waited at. */
async function live(stage: Stage, options?: Partial<DurableStreamOptions>, mode?: 'sse') {
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage, options, mode)
  await db.preload()
  await vi.waitFor(() => { expect(stage.server.log.open({ path: stage.path }).length).toBe(1) })
  return db
}

const late = (stage: Stage): void => {
  stage.server.append(stage.path, [insert('2', bob, { txid: 't' })])
}

/** A rejection, by its status. */
const refusal = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    await work()
    return 'settled'
  } catch (error) {
    return (error as { status?: number }).status ?? (error as Error).message
  }
}

describe('while live', () => {
  for (const status of [500, 503, 429]) {
    same(`${String(status)} is waited out`, async (stage) => {
      const db = await live(stage)
      stage.server.faults.respond(status, { times: 2, match: { path: stage.path } })
      stage.server.dropConnections()
      late(stage)
      return [await refusal(() => db.utils.awaitTxId('t')), rows(db.collections.users)]
    }, ['settled', [ada, bob]])
  }
  same('Retry-After is kept to', async (stage) => {
    const db = await live(stage)
    const refused = stage.server.faults.respond(503, { times: 1, retryAfter: 1, match: { path: stage.path } })
    stage.server.dropConnections()
    await refused.struck
    const at = performance.now()
    late(stage)
    await db.utils.awaitTxId('t')
    return [performance.now() - at > 900, rows(db.collections.users)]
  }, [true, [ada, bob]])
  same('a poll that has an answer has its next token asked for', async (stage) => {
    let token = 'first'
    stage.server.requireToken('first')
    const db = await live(stage, { headers: { Authorization: () => `Bearer ${token}` } })
    token = 'second'
    stage.server.requireToken('second')
    late(stage)
    await db.utils.awaitTxId('t')
    await vi.waitFor(() => { expect(stage.server.log.open({ path: stage.path }).length).toBe(1) })
    stage.server.append(stage.path, [insert('3', { id: '3', name: 'Eve' }, { txid: 't3' })])
    return refusal(() => db.utils.awaitTxId('t3'))
  }, 'settled')
  differs('header functions, when a request is repeated', 'have their new token asked for', async (stage) => {
    let token = 'first'
    stage.server.requireToken('first')
    const db = await live(stage, { headers: { Authorization: () => `Bearer ${token}` } })
    token = 'second'
    stage.server.requireToken('second')
    stage.server.dropConnections()
    late(stage)
    return [await refusal(() => db.utils.awaitTxId('t')), rows(db.collections.users)]
  }, { peer: [401, [ada]], sidestream: ['settled', [ada, bob]] })
  differs('`onError` while live', 'mends a token that has expired', async (stage) => {
    stage.server.requireToken('first')
    const seen: unknown[] = []
    const db = await live(stage, {
      headers: { Authorization: 'Bearer first' },
      onError: (error) => {
        seen.push((error as { status?: number }).status)
        return { headers: { Authorization: 'Bearer second' } }
      },
    })
    stage.server.requireToken('second')
    stage.server.dropConnections()
    late(stage)
    return [await refusal(() => db.utils.awaitTxId('t', 3000)), seen, rows(db.collections.users)]
  }, { peer: [401, [], [ada]], sidestream: ['settled', [401], [ada, bob]] })
  differs('401, 403', 'a token that has expired ends it, or waits for reconnect()', async (stage) => {
    stage.server.requireToken('first')
    let token = 'first'
    const db = await live(stage, { headers: { Authorization: () => `Bearer ${token}` } })
    stage.server.requireToken('second')
    stage.server.dropConnections()
    late(stage)
    const waiting = refusal(() => db.utils.awaitTxId('t', 3000))
    await vi.waitFor(() => { expect(stage.server.log.all({ path: stage.path }).some(({ status }) => status === 401)).toBe(true) })
    token = 'second'
    if (stage.side === 'sidestream') (db as unknown as { reconnect: () => void }).reconnect()
    return [await waiting, rows(db.collections.users)]
  }, { peer: [401, [ada]], sidestream: ['settled', [ada, bob]] })
  for (const status of [404, 410]) {
    differs('404, 410 later on', `${String(status)} ends it, or is tried again`, async (stage) => {
      const db = await live(stage)
      stage.server.faults.respond(status, { times: 1, match: { path: stage.path } })
      stage.server.dropConnections()
      late(stage)
      return [await refusal(() => db.utils.awaitTxId('t', 4000)), rows(db.collections.users)]
    }, { peer: [status, [ada]], sidestream: ['settled', [ada, bob]] })
  }
})

describe('while live by server-sent events', () => {
  const BREAKS = 'server-sent events whose connection breaks'
  for (const status of [503, 404]) {
    differs(BREAKS, `${String(status)} is waited out`, async (stage) => {
      const db = await live(stage, {}, 'sse')
      stage.server.faults.respond(status, { times: 1, match: { path: stage.path } })
      stage.server.dropConnections()
      late(stage)
      return [await refusal(() => db.utils.awaitTxId('t')), rows(db.collections.users)]
    }, { peer: ['terminated', [ada]], sidestream: ['settled', [ada, bob]] })
  }
  differs(BREAKS, 'onError is asked when it is made again', async (stage) => {
    stage.server.requireToken('first')
    const db = await live(stage, { headers: { Authorization: 'Bearer first' }, onError: () => ({ headers: { Authorization: 'Bearer second' } }) }, 'sse')
    stage.server.requireToken('second')
    stage.server.dropConnections()
    late(stage)
    return [await refusal(() => db.utils.awaitTxId('t')), rows(db.collections.users)]
  }, { peer: ['terminated', [ada]], sidestream: ['settled', [ada, bob]] })
})

describe('preload() again', () => {
  differs('`preload()` after it was rejected', 'when the stream has been made meanwhile', async (stage) => {
    stage.server.faults.respond(404, { times: 1, match: { path: stage.path } })
    const db = create(stage)
    const first = await refusal(() => db.preload())
    stage.server.append(stage.path, [insert('1', ada)])
    return [first, await within(1000, db.preload()), rows(db.collections.users)]
  }, { peer: [404, 'pending', []], sidestream: [404, 'settled', [ada]] })
})

describe('answers that are none', () => {
  same('a page in place of JSON', async (stage) => {
    stage.server.faults.respond(200, { headers: { 'content-type': 'text/html' }, body: '<html>', match: { path: stage.path } })
    const outcome = await within(2000, create(stage).preload())
    return (outcome as { isError?: boolean }).isError
  }, true)
  same('JSON that is broken', async (stage) => {
    stage.server.faults.respond(200, { headers: { 'content-type': 'application/json', 'stream-next-offset': '1', 'stream-up-to-date': 'true' }, body: '[{', match: { path: stage.path } })
    const outcome = await within(2000, create(stage).preload())
    return (outcome as { isError?: boolean }).isError
  }, true)
  same('400', (stage) => {
    stage.server.faults.respond(400, { match: { path: stage.path } })
    return refusal(() => create(stage).preload())
  }, 400)
})

describe('append', () => {
  const body = JSON.stringify(insert('2', bob, { txid: 't' }))
  for (const status of [400, 401, 403, 404, 409, 410, 413]) {
    same(`rejects with ${String(status)}`, async (stage) => {
      const db = await live(stage)
      stage.server.faults.respond(status, { match: { method: 'POST', path: stage.path } })
      return refusal(() => db.stream.append(body))
    }, status)
  }
  same('is repeated after 503', async (stage) => {
    const db = await live(stage)
    stage.server.faults.respond(503, { times: 1, match: { method: 'POST', path: stage.path } })
    const outcome = await refusal(() => db.stream.append(body))
    await db.utils.awaitTxId('t')
    return [outcome, rows(db.collections.users)]
  }, ['settled', [ada, bob]])
  same('rejects when the stream is closed', async (stage) => {
    const db = await live(stage)
    stage.server.closeStream(stage.path)
    const outcome = (await outcomeOf(() => db.stream.append(body))) as { isError?: boolean }
    return [outcome.isError, rows(db.collections.users)]
  }, [true, [ada]])
  same('writes without preload()', async (stage) => {
    const db = create(stage)
    await db.stream.append(body)
    return stage.server.events(stage.path).length
  }, 1)
  same('ends when its signal aborts', async (stage) => {
    const db = await live(stage)
    const held = stage.server.faults.hang({ match: { method: 'POST', path: stage.path } })
    const controller = new AbortController()
    const waiting = within(2000, db.stream.append(body, { signal: controller.signal }))
    await held.struck
    controller.abort()
    return ((await waiting) as { isError?: boolean }).isError
  }, true)
  differs('`append` while the server cannot be reached', 'rejects after a few tries', async (stage) => {
    const db = await live(stage)
    await stage.server.goOffline()
    const waiting = db.stream.append(body)
    waiting.catch(() => undefined)
    const whileOffline = await within(1000, waiting)
    await stage.server.goOnline()
    return [whileOffline, await refusal(() => waiting)]
  }, { peer: ['pending', 'settled'], sidestream: [{ error: 'fetch failed', isError: true }, 'fetch failed'] })
})
