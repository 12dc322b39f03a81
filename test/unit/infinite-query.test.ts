// @vitest-environment happy-dom
import { useLiveInfiniteQuery } from '@tanstack/react-db'
import { act, createElement, StrictMode, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createStreamDB } from '../../src/main/index.ts'
import { MemoryStream } from '../property/subsets/memory-stream.ts'
import { flightEvent as flight, querySchema as schema } from '../support/query-schema.ts'
import { queryWorker } from '../support/query-workers.ts'

const globals = globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }
beforeAll(() => {
  globals.IS_REACT_ACT_ENVIRONMENT = true
})
afterAll(() => {
  globals.IS_REACT_ACT_ENVIRONMENT = false
})

test('useLiveInfiniteQuery pages through a result, and its window moves in the worker', async () => {
  const stream = new MemoryStream('http://memory/infinite')
  stream.append(Array.from({ length: 8 }, (_, n) => flight(n)))
  const shared = queryWorker({ fetch: stream.fetch })
  const db = createStreamDB({ streamOptions: { url: stream.url, contentType: 'application/json' }, state: schema, worker: shared.worker })
  const latest = db.liveQuery((q) => q.from({ f: db.collections.flights }).orderBy(({ f }) => f.delay, 'desc').limit(4))
  let next: () => Promise<void> = () => Promise.resolve()
  const Pages = (): ReactNode => {
    const { pages, hasNextPage, fetchNextPage } = useLiveInfiniteQuery(latest, { pageSize: 3 })
    next = fetchNextPage
    return `${pages.map((page) => page.map(({ id }) => id).join(' ')).join(' | ')}${hasNextPage ? ' …' : ''}`
  }
  const page = document.createElement('main')
  const root = createRoot(page)
  const shows = (text: string): Promise<void> =>
    vi.waitFor(async () => {
      await act(() => new Promise<void>((resolve) => setImmediate(resolve)))
      expect(page.textContent).toBe(text)
    }, { timeout: 10_000, interval: 1 })
  await act(async () => {
    root.render(createElement(StrictMode, null, createElement(Pages)))
  })
  await shows('f7 f6 f5 …')
  await act(() => next())
  await shows('f7 f6 f5 | f4 f3 f2 …')
  await act(() => next())
  await shows('f7 f6 f5 | f4 f3 f2 | f1 f0')
  stream.append([flight(9), flight(2, 3.5)])
  await shows('f9 f7 f6 | f5 f4 f2 | f3 f1 f0')
  expect(db.collections.flights.size).toBe(0)
  expect([shared.opened, shared.moved.length]).toEqual([['inline'], 2])
  await act(async () => {
    root.unmount()
  })
  db.close()
}, 30_000)
