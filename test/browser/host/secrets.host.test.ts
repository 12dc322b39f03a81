import { expect, test } from 'vitest'
import type { Page } from 'playwright'
import { user, useTabs } from '../../support/tabs.ts'

const suite = useTabs('/streams/secrets', { browser: 'chromium' })

const TOKEN = 'canary-token-of-a-user'

/** A page of the same origin that hears every channel whose name it learns of: by locks, and by what is said. */
async function openListener(): Promise<Page> {
  const page = await suite.context.newPage()
  await page.goto(`${suite.host.url}/blank.html`)
  await page.evaluate(() => {
    const heard: string[] = []
    const known = new Set<string>()
    const textOf = (data: unknown): string =>
      JSON.stringify(data, (_, value: unknown) => (value instanceof Uint8Array ? new TextDecoder('latin1').decode(value) : value)) ?? ''
    const listen = (name: string): void => {
      if (known.has(name)) return
      known.add(name)
      new BroadcastChannel(name).addEventListener('message', ({ data }) => {
        heard.push(`${name} ${textOf(data)}`)
        const { session } = (data ?? {}) as { session?: unknown }
        // Sessions have a channel each, which a listener finds as the leader does.
        if (typeof session === 'string') listen(`${name}:${session}`)
      })
    }
    const look = async (): Promise<void> => {
      const { held = [], pending = [] } = await navigator.locks.query()
      for (const { name = '' } of [...held, ...pending]) {
        if (!name.startsWith('sidestream:')) continue
        listen(name)
        listen(`${name}:cleared`)
      }
      setTimeout(() => void look(), 20)
    }
    void look()
    Object.assign(window, { heard, known })
  })
  return page
}

/** All that is in IndexedDB, as text, with the names of databases and locks. */
const stored = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const all: unknown[] = []
    for (const { name = '' } of await indexedDB.databases()) {
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name)
        request.onsuccess = () => { resolve(request.result) }
        request.onerror = reject
      })
      for (const store of db.objectStoreNames) {
        const get = (method: 'getAll' | 'getAllKeys'): Promise<unknown> =>
          new Promise((resolve) => {
            const request = db.transaction(store).objectStore(store)[method]()
            request.onsuccess = () => { resolve(request.result) }
          })
        all.push(name, store, await get('getAll'), await get('getAllKeys'))
      }
      db.close()
    }
    const { held = [], pending = [] } = await navigator.locks.query()
    return JSON.stringify([all, [...held, ...pending].map(({ name }) => name)])
  })

test('no channel, lock, database or status has a token, in headers or in the URL', async () => {
  suite.server.append(suite.path, [user('u1', 'Ada')])
  const url = `${suite.url}?access=${TOKEN}`
  const first = await suite.app()
  await first.setToken(TOKEN)
  await first.open({ url, home: 'dedicated', auth: true })
  expect(await first.preload()).toEqual({ ok: true })
  const listener = await openListener()
  await listener.waitForFunction(() => (window as unknown as { known: Set<string> }).known.size > 0)
  const second = await suite.app()
  await second.setToken(TOKEN)
  await second.open({ url, home: 'dedicated', auth: true })
  expect(await second.preload()).toEqual({ ok: true })
  expect((await second.status()).where).toBe('follower')
  // The tab that is hidden is not asked: the follower's token has to cross.
  await first.show(false)
  const asked = await second.tokensAsked()
  for (let n = 2; (await second.tokensAsked()) === asked; n += 1) {
    suite.server.append(suite.path, [user(`u${String(n)}`, 'Bob')])
    await second.until(suite.atEnd())
  }
  await second.until(suite.stored())
  const heard = await listener.evaluate(() => (window as unknown as { heard: string[] }).heard)
  expect(heard.filter((said) => said.includes('"lane":"tab"')).length).toBeGreaterThan(0)
  expect(heard.filter((said) => said.includes(TOKEN))).toEqual([])
  expect(await stored(first.page)).not.toContain(TOKEN)
  // A refusal is told to all tabs, and not with the URL that was asked for.
  suite.server.faults.respond(403)
  suite.server.dropConnections()
  await second.until(`status.lastError !== null`)
  for (const tab of [first, second]) expect(JSON.stringify(await tab.status())).not.toContain(TOKEN)
  suite.server.faults.clear()
})
