import { useLiveQuery } from '@tanstack/vue-db'
import { createApp, defineComponent, h, onScopeDispose, shallowRef } from 'vue'
import { db, gte, largest, LEAST_SIZE, lineOfPlace, lineOfUser } from './places.ts'

const App = defineComponent(() => {
  const users = useLiveQuery((q) => q.from({ u: db.collections.users }).orderBy(({ u }) => u.id))
  const places = useLiveQuery((q) => q.from({ p: db.collections.places }).where(({ p }) => gte(p.size, LEAST_SIZE)).orderBy(({ p }) => p.size, 'desc'))
  const results = useLiveQuery(largest)
  const status = shallowRef(db.status.getSnapshot())
  onScopeDispose(db.status.subscribe(() => { status.value = db.status.getSnapshot() }))
  return () => [
    h('p', status.value.connection),
    h('ul', { id: 'users' }, users.data.value.map((user) => h('li', { key: user.id }, lineOfUser(user)))),
    h('ul', { id: 'places' }, places.data.value.map((place) => h('li', { key: place.id }, lineOfPlace(place)))),
    h('ul', { id: 'largest' }, results.data.value.map((place) => h('li', { key: place.id }, lineOfPlace(place)))),
  ]
})

createApp(App).mount('main')
