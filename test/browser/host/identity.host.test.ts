import { describe, expect, test } from 'vitest'
import { useBench, type RemoteApp } from '../../support/browser-app.ts'
import { itemEvents, schema } from '../../support/schema.ts'
import { storedRecords } from '../../support/stored-records.ts'

const suite = useBench('/streams/identity')

const user = (id: string, name: string): unknown => schema.users.insert({ value: { id, name } })
/** Of the first life of the stream; ends in a small message, as streams do. */
function fill(): void {
  suite.server.append(suite.path, itemEvents(20))
  suite.server.append(suite.path, [user('old-1', 'Ada'), user('old-2', 'Bob')])
}

/** Other rows, to the byte as long where it has to be. */
const SECOND_LIVES: Record<string, () => void> = {
  'made again, empty': () => undefined,
  'made again, shorter': () => suite.server.append(suite.path, [user('new-1', 'Cleo')]),
  'made again, of the same length': () => {
    suite.server.append(suite.path, itemEvents(20).map((event) => renumbered(event, 'j')))
    suite.server.append(suite.path, [user('new-1', 'Eve'), user('new-2', 'Dan')])
  },
  'made again, longer': () => {
    suite.server.append(suite.path, itemEvents(30).map((event) => renumbered(event, 'k')))
    suite.server.append(suite.path, [user('new-1', 'Eve')])
    suite.server.append(suite.path, [user('new-2', 'Dan')])
  },
}

function renumbered(event: unknown, letter: string): unknown {
  return JSON.parse(JSON.stringify(event).replaceAll(/"i(\d+)"/g, `"${letter}$1"`))
}

async function cold(options: { home?: 'stock' | 'page'; live?: 'sse' } = {}): Promise<RemoteApp> {
  const tab = await suite.app()
  await tab.open({ url: suite.url, ...options })
  expect(await tab.preload()).toEqual({ ok: true })
  await tab.until(suite.stored())
  return tab
}

/** At the new stream's end, having seen the old rows, then the new ones, and no mixture. */
async function expectReplaced(tab: RemoteApp, before: string, home: 'stock' | 'page' = 'stock'): Promise<void> {
  const nothing = JSON.stringify({ users: {}, items: {} })
  const after = JSON.stringify(suite.fold())
  // Not the offset, which may be the same as before.
  await tab.page.waitForFunction((rows) => JSON.stringify(window.app.rows()) === rows, after, { timeout: 15_000 })
  await tab.until(`${suite.atEnd()} && status.connection === 'live'`)
  expect(await tab.rows()).toEqual(suite.fold())
  expect((await tab.observations()).filter((seen) => ![nothing, before, after].includes(seen))).toEqual([])
  await expectCached(tab, home)
}

/** The same home, since one that validates has a cache of its own kind. */
async function expectCached(tab: RemoteApp, home: 'stock' | 'page'): Promise<void> {
  const { server, url } = suite
  const empty = server.tailOffset(suite.path) === `${'0'.repeat(16)}_${'0'.repeat(16)}`
  if (!empty) {
    await tab.until(suite.stored())
    // The offset of the former stream's rows may be the same.
    const keys = Object.values(suite.fold()).flatMap((rows) => Object.keys(rows))
    await expect.poll(async () => {
      const text = JSON.stringify(await tab.page.evaluate(storedRecords, ['segments']))
      // Many texts are stored as one, without quotation marks between them.
      return keys.filter((key) => !text.includes(key))
    }, { timeout: 10_000 }).toEqual([])
  }
  await tab.page.close()
  await server.goOffline()
  const offline = await suite.app()
  await offline.open({ url, home })
  await offline.begin()
  await offline.until(`status.connection === 'offline'${empty ? '' : ' && status.stale'}`)
  expect(await offline.rows()).toEqual(suite.fold())
}

describe.each(Object.keys(SECOND_LIVES))('a stream deleted and %s', (life) => {
  const makeAgain = (): void => {
    suite.server.recreateStream(suite.path)
    SECOND_LIVES[life]!()
  }

  test('while the tab is closed', async () => {
    fill()
    const before = JSON.stringify(suite.fold())
    await (await cold()).page.close()
    makeAgain()
    const warm = await suite.app()
    await warm.open({ url: suite.url })
    await warm.observe()
    await warm.begin()
    await expectReplaced(warm, before)
  })

  test.each(['stock', 'page'] as const)('while the tab listens, engine in %s', async (home) => {
    fill()
    const before = JSON.stringify(suite.fold())
    const tab = await cold({ home })
    await tab.observe()
    makeAgain()
    await expectReplaced(tab, before, home)
  })

  // Made again with as much on it, in the moment in which it is deleted: the same response goes on, and nothing tells.
  const isTold = !/longer|same length/.test(life)
  if (isTold) {
    test('while the tab listens by server-sent events', async () => {
      fill()
      const before = JSON.stringify(suite.fold())
      const tab = await cold({ live: 'sse' })
      await tab.observe()
      makeAgain()
      await expectReplaced(tab, before)
    })
  }

  test('while the server is away', async () => {
    fill()
    const before = JSON.stringify(suite.fold())
    const tab = await cold()
    await tab.observe()
    await suite.server.goOffline()
    await tab.until(`status.connection === 'offline'`)
    makeAgain()
    await suite.server.goOnline()
    await expectReplaced(tab, before)
  })
})

/** Events that carry the offset after their message, as some servers stamp them; those of ten make a message. */
function stamped(events: ReadonlyArray<unknown>): unknown[] {
  const stamp = (offsetOf: (index: number) => string): unknown[] =>
    events.map((event, index) => ({ ...(event as object), headers: { operation: 'insert', offset: offsetOf(index) } }))
  const scratch = '/streams/scratch'
  suite.server.recreateStream(scratch)
  suite.server.append(scratch, stamp(() => suite.server.tailOffset(suite.path)), { perMessage: 10 })
  const { messages } = suite.server.store.read(scratch)
  return stamp((index) => messages[Math.floor(index / 10)]!.offset)
}

/** Rows few enough to be replaced in one commit, written often enough to be too many events to read again. */
const LARGE = 400
const often = (events: unknown[]): unknown[] => Array.from({ length: 4 }, () => events).flat()

async function longerAfterLargeBatch(tabIs: 'open' | 'closed', prepare: (events: unknown[]) => unknown[]): Promise<void> {
  const { server, path, url } = suite
  server.append(path, prepare(often(itemEvents(LARGE))), { perMessage: 10 })
  const before = JSON.stringify(suite.fold())
  let tab = await cold()
  if (tabIs === 'closed') await tab.page.close()
  await server.goOffline()
  server.recreateStream(path)
  server.append(path, prepare(often(itemEvents(LARGE + 50).map((event) => renumbered(event, 'j')))), { perMessage: 10 })
  if (tabIs === 'closed') {
    tab = await suite.app()
    await tab.open({ url })
    await tab.begin()
  }
  await tab.observe()
  await server.goOnline()
  await expectReplaced(tab, before)
}

// Without the stamps there is nothing to tell by, short of reading the whole batch again at each start.
test.each(['open', 'closed'] as const)('a stream read in one large batch of stamped events, made again longer while the tab is %s', async (tabIs) => {
  await longerAfterLargeBatch(tabIs, stamped)
})

describe('a stream that is gone', () => {
  const gone = {
    'deleted (404)': () => {
      suite.server.deleteStream(suite.path)
    },
    'gone for good (410)': () => {
      suite.server.faults.respond(410)
      suite.server.dropConnections()
    },
  }
  test.each(Object.entries(gone))('%s while the tab is open: no rows, no cache, and it comes back', async (_, end) => {
    fill()
    const tab = await cold()
    await tab.observe()
    const before = JSON.stringify(suite.fold())
    end()
    const status = await tab.until(`status.connection === 'not-found' && status.rows === 0`)
    expect(status).toMatchObject({ lastError: { code: 'STREAM_NOT_FOUND' }, upToDate: false })
    await tab.until(`status.persistedOffset === null && status.offset === '-1'`)
    expect(await tab.rows()).toEqual({ users: {}, items: {} })
    suite.server.faults.clear()
    suite.server.recreateStream(suite.path)
    suite.server.append(suite.path, [user('new-1', 'Cleo')])
    await expectReplaced(tab, before)
  })

  test.each(Object.entries(gone))('%s while the tab is closed: the cached rows go', async (_, end) => {
    fill()
    await (await cold()).page.close()
    end()
    const warm = await suite.app()
    await warm.open({ url: suite.url })
    await warm.begin()
    await warm.until(`status.connection === 'not-found' && status.rows === 0 && status.persistedOffset === null`)
    expect(await warm.rows()).toEqual({ users: {}, items: {} })
    await warm.page.close()
    await suite.server.goOffline()
    const offline = await suite.app()
    await offline.open({ url: suite.url })
    await offline.begin()
    await offline.until(`status.connection === 'offline'`)
    expect(await offline.rows()).toEqual({ users: {}, items: {} })
  })

  test('an offset that the server does not know (400): everything is read again', async () => {
    fill()
    await (await cold()).page.close()
    suite.server.faults.respond(400, { match: { where: ({ query }) => query.get('offset') !== '-1' }, times: 1 })
    const warm = await suite.app()
    await warm.open({ url: suite.url })
    expect(await warm.preload()).toEqual({ ok: true })
    await warm.until(suite.stored())
    expect(await warm.rows()).toEqual(suite.fold())
  })
})
