import { useLiveQuery } from '@tanstack/react-db'
import { createElement as h, useSyncExternalStore, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { db, gte, largest, LEAST_SIZE, lineOfPlace, lineOfUser } from './places.ts'

function App(): ReactNode {
  const users = useLiveQuery((q) => q.from({ u: db.collections.users }).orderBy(({ u }) => u.id))
  const places = useLiveQuery((q) => q.from({ p: db.collections.places }).where(({ p }) => gte(p.size, LEAST_SIZE)).orderBy(({ p }) => p.size, 'desc'))
  const results = useLiveQuery(largest)
  const status = useSyncExternalStore(db.status.subscribe, db.status.getSnapshot, db.status.getServerSnapshot)
  return [
    h('p', { key: 'status' }, status.connection),
    h('ul', { key: 'users', id: 'users' }, users.data.map((user) => h('li', { key: user.id }, lineOfUser(user)))),
    h('ul', { key: 'places', id: 'places' }, places.data.map((place) => h('li', { key: place.id }, lineOfPlace(place)))),
    h('ul', { key: 'largest', id: 'largest' }, results.data.map((place) => h('li', { key: place.id }, lineOfPlace(place)))),
  ]
}

createRoot(document.querySelector('main')!).render(h(App))
