// @vitest-environment-options {"own":"unit/server-render"}
import { useLiveQuery } from '@tanstack/react-db'
import { createElement, Suspense, useSyncExternalStore, type ReactNode } from 'react'
import { renderToReadableStream, renderToString } from 'react-dom/server'
import { afterEach, expect, test, vi } from 'vitest'
import { createStreamDB, type StreamDB } from '../../src/main/index.ts'
import { schema } from '../support/schema.ts'

const requests = vi.fn(() => Promise.reject(new TypeError('a server render asks for nothing')))
const workers = vi.fn()
vi.stubGlobal('fetch', requests)
afterEach(() => {
  expect(requests).not.toHaveBeenCalled()
  expect(workers).not.toHaveBeenCalled()
})

const open = (url = 'http://nobody.test/s'): StreamDB<typeof schema> =>
  createStreamDB({
    streamOptions: { url, contentType: 'application/json' },
    state: schema,
    // As in docs/ssr.md: there is no Worker on a server.
    worker: () => {
      workers()
      return new Worker(new URL('sidestream/worker', import.meta.url), { type: 'module' })
    },
  })

/** The recipe of docs/ssr.md. */
function Status({ db }: { db: StreamDB<typeof schema> }): ReactNode {
  const { connection, ready } = useSyncExternalStore(db.status.subscribe, db.status.getSnapshot, db.status.getServerSnapshot)
  return `${connection} ${ready ? 'ready' : 'loading'}`
}

test('there is no browser here', () => {
  for (const name of ['window', 'document', 'Worker', 'SharedWorker', 'indexedDB']) expect([name, name in globalThis]).toEqual([name, false])
})

test('the status renders on a server, and nothing is asked for', () => {
  expect(renderToString(createElement('p', null, createElement(Status, { db: open() })))).toBe('<p>idle loading</p>')
})

test('the status renders in a streamed answer', async () => {
  const html = await renderToReadableStream(createElement(Suspense, { fallback: 'waits' }, createElement('p', null, createElement(Status, { db: open() }))))
  expect(await new Response(html).text()).toContain('<p>idle loading</p>')
})

test('a closed StreamDB still renders as it would at first: HTML that is taken up does not differ', () => {
  const db = open()
  db.close()
  expect(db.status.getSnapshot().connection).toBe('closed')
  expect(renderToString(createElement(Status, { db }))).toBe('idle loading')
})

test('a live query renders without rows, and does not connect', () => {
  const db = open()
  const Items = (): ReactNode => {
    const { data, isReady } = useLiveQuery((q) => q.from({ i: db.collections.items }), [db])
    return `${isReady ? 'ready' : 'loading'} ${String(data.length)}`
  }
  expect(renderToString(createElement(Items))).toBe('loading 0')
  expect(db.status.getSnapshot().connection).toBe('idle')
})

test('a relative URL does no harm to a render; preload() says that there is nothing to resolve it against', async () => {
  const db = open('/streams/s')
  expect(renderToString(createElement(Status, { db }))).toBe('idle loading')
  await expect(db.preload()).rejects.toMatchObject({ code: 'INVALID_OPTIONS', retryable: false })
  expect(db.status.getSnapshot().lastError).toMatchObject({ code: 'INVALID_OPTIONS' })
  expect(renderToString(createElement(Status, { db }))).toBe('idle loading')
})
