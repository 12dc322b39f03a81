// @vitest-environment happy-dom
import { useLiveQuery, useLiveSuspenseQuery } from '@tanstack/react-db'
import { act, createElement, Suspense, useSyncExternalStore, type ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import * as v from 'valibot'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStateSchema, gt } from '../../src/main/index.ts'
import { createTestStreamDB } from '../../src/testing/index.ts'

const row = v.object({ id: v.string(), n: v.number() })
const schema = createStateSchema({
  items: { schema: row, type: 'item', primaryKey: 'id' },
  cities: { schema: row, type: 'city', primaryKey: 'id', syncMode: 'on-demand' },
})
type Db = ReturnType<typeof createTestStreamDB<typeof schema>>['db']
const item = (id: string, n: number): unknown => schema.items.upsert({ value: { id, n } })
const city = (id: string, n: number): unknown => schema.cities.upsert({ value: { id, n } })

let root: Root
let page: HTMLElement
let close: () => void
beforeEach(() => {
  ;(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true
  page = document.createElement('main')
  root = createRoot(page)
})
afterEach(async () => {
  await act(async () => {
    root.unmount()
  })
  close()
})

function openTest(options: Partial<Parameters<typeof createTestStreamDB<typeof schema>>[0]> = {}): ReturnType<typeof createTestStreamDB<typeof schema>> {
  const opened = createTestStreamDB({ state: schema, ...options })
  close = opened.db.close
  return opened
}
const show = (node: ReactNode): Promise<void> => act(async () => root.render(node))
async function until(text: string): Promise<void> {
  const limit = performance.now() + 3000
  while (page.textContent !== text && performance.now() < limit) await act(() => new Promise((resolve) => setImmediate(resolve)))
  expect(page.textContent).toBe(text)
}

function Items({ db }: { db: Db }): ReactNode {
  const { data, isReady } = useLiveQuery((q) => q.from({ i: db.collections.items }).where(({ i }) => gt(i.n, 0)).orderBy(({ i }) => i.n), [db])
  return isReady ? data.map(({ id, n }) => `${id}=${String(n)};`).join('') || 'none' : 'loading'
}

function Largest({ db }: { db: Db }): ReactNode {
  const { data } = useLiveSuspenseQuery((q) => q.from({ c: db.collections.cities }).orderBy(({ c }) => c.n, 'desc').limit(2), [db])
  return data.map(({ id, n }) => `${id}=${String(n)};`).join('')
}

function Connection({ db }: { db: Db }): ReactNode {
  return useSyncExternalStore(db.status.subscribe, db.status.getSnapshot, db.status.getServerSnapshot).connection
}

test('a component shows what the test sends', async () => {
  const { db, stream } = openTest()
  await show(createElement(Items, { db }))
  expect(page.textContent).toBe('loading')
  await act(() => stream.upToDate())
  await until('none')
  await act(() => stream.send([item('a', 1), item('b', 2)]))
  expect(page.textContent).toBe('a=1;b=2;')
  await act(() => stream.send([schema.items.delete({ key: 'a' })]))
  expect(page.textContent).toBe('b=2;')
})

test('a component shows the failures that the test makes', async () => {
  const { db, stream } = openTest({ events: [] })
  await show(createElement(Connection, { db }))
  expect(page.textContent).toBe('idle')
  await act(() => db.preload())
  await until('live')
  await act(() => stream.fail())
  expect(page.textContent).toBe('offline')
  await act(() => stream.recover())
  expect(page.textContent).toBe('live')
})

test('a Suspense query over an on-demand collection waits, shows its rows, and follows them', async () => {
  const { db, stream } = openTest()
  await stream.send([city('a', 1), city('b', 2), city('c', 3)])
  await show(createElement(Suspense, { fallback: 'waits' }, createElement(Largest, { db })))
  expect(page.textContent).toBe('waits')
  await act(() => stream.upToDate())
  await until('c=3;b=2;')
  expect(db.collections.cities.size).toBe(2)
  await act(() => stream.send([city('a', 9)]))
  await until('a=9;c=3;')
})
