// The application that each bundler builds. Its query: `stream`, the stream's URL; `worker`, the stock one or the application's own;
// `home`, a shared worker or a dedicated one.
import { createStreamDB } from 'sidestream'
import { schema } from './schema.js'
import * as workers from './workers.js'

const query = new URLSearchParams(location.search)
const list = document.querySelector('ul') ?? document.body.appendChild(document.createElement('ul'))

const db = createStreamDB({
  streamOptions: { url: query.get('stream'), contentType: 'application/json' },
  state: schema,
  worker: workers[query.get('worker')],
  sharedWorker: query.get('home') === 'shared',
})
const { users } = db.collections

function show() {
  list.replaceChildren(
    ...[...users.values()].map(({ id }) => {
      const item = document.createElement('li')
      item.textContent = id
      return item
    }),
  )
}

users.subscribeChanges(show)
globalThis.application = { db, status: () => db.status.getSnapshot(), failure: null }
db.preload().then(show, (error) => {
  globalThis.application.failure = String(error)
})
