import { useLiveQuery, useLiveSuspenseQuery } from '@tanstack/react-db'
import { createElement as h, Suspense, useState, useSyncExternalStore, type ReactNode } from 'react'
import { lt, type StreamDB } from 'sidestream'
import type { schema } from './places-schema.ts'

export type Db = StreamDB<typeof schema>

const never = (): (() => void) => () => undefined
/** False on a server and while its HTML is taken up, then true. */
const useIsInBrowser = (): boolean => useSyncExternalStore(never, () => true, () => false)

/** An application that a server renders and a browser takes up, as the guide has it. */
export function App({ db }: { readonly db: Db }): ReactNode {
  const { connection } = useSyncExternalStore(db.status.subscribe, db.status.getSnapshot, db.status.getServerSnapshot)
  const users = useLiveQuery({ query: (q) => q.from({ u: db.collections.users }).orderBy(({ u }) => u.id) })
  const isInBrowser = useIsInBrowser()
  const [below, setBelow] = useState(1000)
  return h('div', null,
    h('p', null, connection),
    h('ul', { id: 'users' }, users.data.map(({ id, name }) => h('li', { key: id }, `${id} ${name}`))),
    h('button', { onClick: () => { setBelow(50) } }, 'below 50'),
    // A Suspense query waits for its rows, which a server does not have.
    isInBrowser && h(Suspense, { fallback: h('em', null, 'loading') }, h(Largest, { db, below })),
  )
}

function Largest({ db, below }: { readonly db: Db; readonly below: number }): ReactNode {
  const { data } = useLiveSuspenseQuery({
    query: (q) => q.from({ p: db.collections.places }).where(({ p }) => lt(p.size, below)).orderBy(({ p }) => p.size, 'desc').limit(2),
  })
  return h('ul', { id: 'places' }, data.map(({ id, size }) => h('li', { key: id }, `${id} ${String(size)}`)))
}
