import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createStreamDB, type StreamOptions } from '../../src/main/index.ts'
import { itemEvents, schema } from '../support/schema.ts'
import { startStreamServer, type StreamServer } from '../support/stream-server.ts'

const PAUSE_S = 2

let server: StreamServer
beforeAll(async () => {
  server = await startStreamServer()
})
afterAll(() => server.close())

/** A first read that is refused once. @returns how long the server was left alone, ms */
async function leftAlone(name: string, status: number, retryAfter: () => string, options: Partial<StreamOptions> = {}, isImpatient = false): Promise<number> {
  const path = `/retry-${name}`
  const url = server.createStream(path)
  server.append(path, itemEvents(1))
  const get = { method: 'GET', path }
  const refused = server.faults.respond(status, { match: get, times: 1, headers: () => ({ 'retry-after': retryAfter() }) })
  const db = createStreamDB({ streamOptions: { url, contentType: 'application/json', ...options }, state: schema, cache: false })
  const ask = (): void => void db.preload().catch(() => undefined)
  ask()
  await refused.struck
  const began = performance.now()
  while (server.log.count(get) < 2) {
    ask()
    if (isImpatient) db.reconnect()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const afterMs = performance.now() - began
  await vi.waitFor(() => { expect(db.collections.items.size).toBe(1) }, { timeout: 10_000 })
  db.close()
  return afterMs
}

test('Retry-After is kept to after every refusal, also when preload() is called and when onError wants a retry', async () => {
  const seconds = (): string => String(PAUSE_S)
  // A date has whole seconds.
  const date = (): string => new Date(Date.now() + (PAUSE_S + 1) * 1000).toUTCString()
  const pauses = await Promise.all([
    leftAlone('503', 503, seconds),
    leftAlone('429-date', 429, date),
    leftAlone('404', 404, seconds),
    leftAlone('400', 400, seconds),
    leftAlone('401', 401, seconds, { onError: () => ({}) }),
  ])
  for (const pauseMs of pauses) expect(pauseMs).toBeGreaterThan(PAUSE_S * 1000 - 200)
})

test('Retry-After is not kept to when the application asks for a connection itself', async () => {
  expect(await leftAlone('reconnect', 503, () => '60', {}, true)).toBeLessThan(10_000)
})
