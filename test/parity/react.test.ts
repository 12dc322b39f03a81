// @vitest-environment-options {"own":"parity/react"}
// The README's "Framework Integration" for React: `useLiveQuery` of @tanstack/react-db over either package's collections.
import { useLiveQuery } from '@tanstack/react-db'
import { act, createElement, StrictMode, useEffect, useState, type ReactElement, type ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeAll, expect, vi } from 'vitest'
import { same, type Stage } from './harness.ts'
import { insert, remove, schemaOf, update } from './schema.ts'

// React looks for a document when it is loaded. Only that is happy-dom's: its `fetch` prints each request that ends with its StreamDB.
await vi.hoisted(async () => {
  const { Window } = await import('happy-dom')
  const window = new Window()
  const { document, navigator } = window
  for (const [name, value] of Object.entries({ window, document, navigator })) Object.defineProperty(globalThis, name, { value, configurable: true })
})

const ada = { id: '1', name: 'Ada' }
const bob = { id: '2', name: 'Bob' }
const roots: Root[] = []

beforeAll(() => {
  ;(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true
})
afterEach(async () => {
  for (const root of roots.splice(0)) await act(async () => { root.unmount() })
})

type Db = ReturnType<typeof create>
function create({ library, url, keep }: Stage) {
  const schema = schemaOf(library)
  return keep(
    library.createStreamDB({
      streamOptions: { url, contentType: 'application/json' },
      state: schema,
      actions: ({ db, stream }) => ({
        addUser: {
          onMutate: (user: typeof ada) => { db.collections.users.insert(user) },
          mutationFn: async (user: typeof ada) => {
            const txid = crypto.randomUUID()
            await stream.append(JSON.stringify(schema.users.insert({ value: user, headers: { txid } })))
            await db.utils.awaitTxId(txid)
          },
        },
      }),
    }),
  )
}

interface Page {
  readonly text: () => string
  readonly show: (node: ReactNode) => Promise<void>
  /** Until the page says so; React is let work on whatever comes meanwhile. */
  readonly says: (text: string) => Promise<void>
}

function openPage(): Page {
  const element = document.createElement('main')
  const root = createRoot(element)
  roots.push(root)
  const text = (): string => element.textContent
  return {
    text,
    show: (node) => act(async () => { root.render(createElement(StrictMode, null, node)) }),
    says: (wanted) =>
      vi.waitFor(async () => {
        await act(() => Promise.resolve())
        expect(text()).toBe(wanted)
      }, { timeout: 4000, interval: 5 }),
  }
}

function Names({ db }: { db: Db }): ReactElement {
  const { data, isLoading } = useLiveQuery((q) => q.from({ u: db.collections.users }).orderBy(({ u }) => u.id))
  return createElement('p', null, isLoading ? 'loading' : data.map(({ name }) => name).join(' '))
}

function One({ db, library, id }: { db: Db; library: Stage['library']; id: string }): ReactElement {
  const { data } = useLiveQuery((q) => q.from({ u: db.collections.users }).where(({ u }) => library.eq(u.id, id)).findOne(), [id])
  return createElement('p', null, data ? data.name : 'nobody')
}

same('a list shows rows after preload(), and follows', async (stage) => {
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage)
  await db.preload()
  const page = openPage()
  await page.show(createElement(Names, { db }))
  await page.says('Ada')
  stage.server.append(stage.path, [insert('2', bob), update('1', { id: '1', name: 'A' })])
  await page.says('A Bob')
  stage.server.append(stage.path, [remove('1')])
  await page.says('Bob')
  return page.text()
}, 'Bob')

same('a list that is mounted before preload() loads, then shows', async (stage) => {
  stage.server.append(stage.path, [insert('1', ada)])
  const held = stage.server.faults.hold({ match: { path: stage.path } })
  const db = create(stage)
  const page = openPage()
  await page.show(createElement(Names, { db }))
  const first = page.text()
  const loaded = db.preload()
  await held.struck
  held.release()
  await act(() => loaded)
  await page.says('Ada')
  return [first, page.text()]
}, ['loading', 'Ada'])

same('one row by its key, and another when the key changes', async (stage) => {
  stage.server.append(stage.path, [insert('1', ada), insert('2', bob)])
  const db = create(stage)
  await db.preload()
  const page = openPage()
  const { library } = stage
  const seen: string[] = []
  for (const [id, name] of [['1', 'Ada'], ['2', 'Bob'], ['3', 'nobody']] as const) {
    await page.show(createElement(One, { db, library, id }))
    await page.says(name)
    seen.push(page.text())
  }
  return seen
}, ['Ada', 'Bob', 'nobody'])

same('an optimistic action shows at once, and stays', async (stage) => {
  const db = create(stage)
  await db.preload()
  const page = openPage()
  await page.show(createElement(Names, { db }))
  await page.says('')
  const held = stage.server.faults.hold({ match: { method: 'POST', path: stage.path } })
  let written: Promise<unknown> = Promise.resolve()
  await act(async () => { written = db.actions.addUser(ada).isPersisted.promise })
  const atOnce = page.text()
  held.release()
  await act(() => written)
  return [atOnce, page.text(), stage.server.events(stage.path).length]
}, ['Ada', 'Ada', 1])

same('a component that makes its StreamDB and closes it, under StrictMode', async (stage) => {
  stage.server.append(stage.path, [insert('1', ada)])
  function App(): ReactElement {
    const [db, setDb] = useState<Db | null>(null)
    useEffect(() => {
      const opened = create(stage)
      let isMounted = true
      opened.preload().then(() => { if (isMounted) setDb(opened) }, () => undefined)
      return () => {
        isMounted = false
        opened.close()
      }
    }, [])
    return db ? createElement(Names, { db }) : createElement('p', null, 'opening')
  }
  const page = openPage()
  await page.show(createElement(App))
  await page.says('Ada')
  return page.text()
}, 'Ada')
