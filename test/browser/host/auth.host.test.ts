import { expect, test } from 'vitest'
import type { OpenOptions } from '../pages/app.ts'
import { useBench, type RemoteApp } from '../../support/browser-app.ts'
import { itemEvents } from '../../support/schema.ts'

const suite = useBench('/streams/auth')

async function openTab(options: Partial<OpenOptions> = {}): Promise<RemoteApp> {
  const tab = await suite.app()
  await tab.open({ url: suite.url, auth: true, ...options })
  return tab
}

async function expectAtEnd(tab: RemoteApp): Promise<void> {
  await tab.until(suite.atEnd())
  expect(await tab.rows()).toEqual(suite.fold())
}

/** The long-poll in which a tab waits for news. */
const LONG_POLL = { where: ({ query }: { query: URLSearchParams }) => query.get('live') === 'long-poll' }
let appended = 0
const appendOne = (): void => {
  suite.server.append(suite.path, itemEvents(1, 1000 + (appended += 1)))
}

test.each(['stock', 'page'] as const)('header functions are called for each request, on the UI thread, engine in %s', async (home) => {
  suite.server.append(suite.path, itemEvents(3))
  const tab = await openTab({ home })
  expect(await tab.preload()).toEqual({ ok: true })
  await suite.server.log.until((log) => log.open(LONG_POLL).length === 1)
  for (const token of ['second', 'third']) {
    await tab.setToken(token)
    appendOne()
    await suite.server.log.until((log) => log.open(LONG_POLL).some(({ headers }) => headers.authorization === `Bearer ${token}`))
    await expectAtEnd(tab)
  }
  expect(await tab.tokensAsked()).toBe(suite.server.log.count())
})

test('a token that is refreshed during a long-poll serves the next one', async () => {
  suite.server.append(suite.path, itemEvents(3))
  suite.server.requireToken('first')
  const tab = await openTab()
  expect(await tab.preload()).toEqual({ ok: true })
  await suite.server.log.until((log) => log.open(LONG_POLL).length === 1)
  const [waiting] = suite.server.log.open(LONG_POLL)
  suite.server.requireToken((token, { id }) => id <= waiting!.id || token === 'second')
  await tab.setToken('second')
  appendOne()
  await expectAtEnd(tab)
  appendOne()
  await expectAtEnd(tab)
  expect(suite.server.log.count({ where: ({ status }) => status === 401 })).toBe(0)
})

test.each([
  [401, 'stock'],
  [403, 'stock'],
  [401, 'page'],
] as const)('%d with nothing cached: preload rejects, and reconnect() with a new token works, engine in %s', async (status, home) => {
  suite.server.append(suite.path, itemEvents(3))
  suite.server.requireToken((token) => (token === 'good' ? true : status))
  const tab = await openTab({ home })
  expect(await tab.preload()).toMatchObject({ ok: false, code: 'NEEDS_AUTH' })
  expect(await tab.status()).toMatchObject({ connection: 'needs-auth', upToDate: false, lastError: { code: 'NEEDS_AUTH', status, retryable: true } })
  // It waits to be told: a wrong password that is tried again and again locks accounts.
  expect(suite.server.log.count()).toBe(1)
  await tab.reconnect()
  await tab.until('status.failedAttempts === 2')
  await tab.setToken('good')
  await tab.reconnect()
  await expectAtEnd(tab)
  expect(await tab.preload()).toEqual({ ok: true })
  expect(await tab.status()).toMatchObject({ connection: 'live', lastError: null })
})

test('a second preload() tries again too', async () => {
  suite.server.append(suite.path, itemEvents(3))
  suite.server.requireToken('good')
  const tab = await openTab()
  expect(await tab.preload()).toMatchObject({ ok: false, code: 'NEEDS_AUTH' })
  expect(await tab.preload()).toMatchObject({ ok: false, code: 'NEEDS_AUTH' })
  await tab.setToken('good')
  expect(await tab.preload()).toEqual({ ok: true })
  await expectAtEnd(tab)
})

test('401 while it listens: rows stay, needs-auth, and a new token catches up', async () => {
  suite.server.append(suite.path, itemEvents(3))
  suite.server.requireToken('first')
  const tab = await openTab()
  expect(await tab.preload()).toEqual({ ok: true })
  const before = suite.fold()
  await suite.server.log.until((log) => log.open(LONG_POLL).length === 1)
  suite.server.requireToken('second')
  appendOne()
  await tab.until(`status.connection === 'needs-auth'`)
  appendOne()
  expect(Object.keys((await tab.rows())['items']!).length).toBeGreaterThanOrEqual(Object.keys(before['items']!).length)
  await tab.setToken('second')
  await tab.reconnect()
  await expectAtEnd(tab)
})

// A refusal comes within a few ms; many rows take longer than that to arrive.
test.each([3, 20_000])('401 with a cache of %d rows: preload resolves with the cached rows, marked stale', async (count) => {
  suite.server.append(suite.path, itemEvents(count))
  const cold = await openTab()
  await cold.preload()
  await cold.until(suite.stored())
  await cold.page.close()
  suite.server.requireToken('good')
  const warm = await openTab()
  expect(await warm.preload()).toEqual({ ok: true })
  expect(await warm.rows()).toEqual(suite.fold())
  expect(await warm.until(`status.connection === 'needs-auth'`)).toMatchObject({ stale: true, upToDate: false })
  await warm.setToken('good')
  await warm.reconnect()
  await expectAtEnd(warm)
})

test.each(['stock', 'page'] as const)('a header function that throws: preload rejects, no request is made, and it is asked again, engine in %s', async (home) => {
  suite.server.append(suite.path, itemEvents(3))
  const tab = await openTab({ home })
  await tab.answerTokens('by-throwing')
  expect(await tab.preload()).toMatchObject({ ok: false, code: 'REQUEST_VALUES' })
  expect(await tab.until('status.lastError !== null')).toMatchObject({
    connection: 'failed',
    lastError: { code: 'REQUEST_VALUES', message: expect.stringContaining('no token to be had') as string },
  })
  expect(suite.server.log.count()).toBe(0)
  await tab.answerTokens('always')
  await expectAtEnd(tab)
})

test.each(['stock', 'page'] as const)('a header function that never answers: reconnect() asks again, and close() is not held up, engine in %s', async (home) => {
  suite.server.append(suite.path, itemEvents(3))
  const tab = await openTab({ home })
  await tab.answerTokens('never')
  await tab.begin()
  await tab.until(`status.connection === 'connecting'`)
  await tab.page.waitForFunction(() => window.app.tokensAsked() > 0)
  await tab.answerTokens('always')
  await tab.reconnect()
  await expectAtEnd(tab)
  await tab.answerTokens('never')
  await tab.close()
  await suite.server.log.until((log) => log.open().length === 0)
})
