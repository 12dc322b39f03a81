import { describe, expect, test } from 'vitest'
import { useBench } from '../../support/browser-app.ts'
import { itemEvents, schema } from '../../support/schema.ts'

const suite = useBench('/streams/engine')

const persisted = 'status.persistedOffset === status.offset && status.upToDate'

describe.each(['stock', 'page'] as const)('engine in %s', (home) => {
  test('cold, live, warm and offline', async () => {
    const { server, path, url } = suite
    server.append(path, itemEvents(3000), { perMessage: 500 })
    const cold = await suite.app()
    await cold.open({ url, home })
    expect(await cold.preload()).toEqual({ ok: true })
    expect(await cold.rows()).toEqual(suite.fold())
    expect(await cold.status()).toMatchObject({ connection: 'live', stale: false, where: home === 'page' ? 'page' : 'leader', storage: 'indexeddb' })

    server.append(path, [
      schema.users.insert({ value: { id: 'u1', name: 'Ada' } }),
      schema.items.update({ value: { id: 'i000007', n: 70 } }),
      schema.items.delete({ key: 'i000008', }),
    ])
    await cold.until(`status.offset === '${server.tailOffset(path)}' && ${persisted}`)
    expect(await cold.rows()).toEqual(suite.fold())
    await cold.page.close()

    const warm = await suite.app()
    server.log.clear()
    await warm.open({ url, home })
    expect(await warm.preload()).toEqual({ ok: true })
    expect(await warm.rows()).toEqual(suite.fold())
    await warm.until('status.upToDate && !status.stale')
    // Only the last batch was read again, to see that the stream is still the same one.
    expect(server.log.bytes()).toBeLessThan(2000)
    await warm.page.close()

    await server.goOffline()
    const offline = await suite.app()
    await offline.open({ url, home })
    expect(await offline.preload()).toEqual({ ok: true })
    expect(await offline.rows()).toEqual(suite.fold())
    expect(await offline.until(`status.connection === 'offline'`)).toMatchObject({ stale: true })
    await server.goOnline()
    server.append(path, [schema.users.insert({ value: { id: 'u2', name: 'Bob' } })])
    await offline.until(`status.offset === '${server.tailOffset(path)}'`)
    expect(await offline.rows()).toEqual(suite.fold())
    expect(await offline.status()).toMatchObject({ stale: false, connection: 'live' })
  })
})
