import { useLiveQuery } from '@tanstack/solid-db'
import { createComponent, For, from, type JSX } from 'solid-js'
import html from 'solid-js/html'
import { render } from 'solid-js/web'
import { db, gte, largest, LEAST_SIZE, lineOfPlace, lineOfUser } from './places.ts'

function App(): JSX.Element {
  const users = useLiveQuery((q) => q.from({ u: db.collections.users }).orderBy(({ u }) => u.id))
  const places = useLiveQuery((q) => q.from({ p: db.collections.places }).where(({ p }) => gte(p.size, LEAST_SIZE)).orderBy(({ p }) => p.size, 'desc'))
  const results = useLiveQuery(() => largest)
  const status = from(db.status.store)
  return html`
    <p>${() => status()?.connection}</p>
    <ul id="users"><${For} each=${() => users()}>${(user: Parameters<typeof lineOfUser>[0]) => html`<li>${() => lineOfUser(user)}</li>`}<//></ul>
    <ul id="places"><${For} each=${() => places()}>${(place: Parameters<typeof lineOfPlace>[0]) => html`<li>${() => lineOfPlace(place)}</li>`}<//></ul>
    <ul id="largest"><${For} each=${() => results()}>${(place: Parameters<typeof lineOfPlace>[0]) => html`<li>${() => lineOfPlace(place)}</li>`}<//></ul>
  ` as JSX.Element
}

render(() => createComponent(App, {}), document.querySelector('main')!)
