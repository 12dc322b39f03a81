// Libraries are linked at run time, as no Angular compiler has seen this page.
import '@angular/compiler'
import { Component, DestroyRef, enableProdMode, inject, signal } from '@angular/core'
import { bootstrapApplication } from '@angular/platform-browser'
import { injectLiveQuery } from '@tanstack/angular-db'
import { db, gte, largest, LEAST_SIZE, lineOfPlace, lineOfUser } from './places.ts'

class App {
  readonly lineOfUser = lineOfUser
  readonly lineOfPlace = lineOfPlace
  readonly users = injectLiveQuery((q) => q.from({ u: db.collections.users }).orderBy(({ u }) => u.id))
  readonly places = injectLiveQuery((q) => q.from({ p: db.collections.places }).where(({ p }) => gte(p.size, LEAST_SIZE)).orderBy(({ p }) => p.size, 'desc'))
  readonly results = injectLiveQuery(largest)
  readonly status = signal(db.status.getSnapshot())

  constructor() {
    inject(DestroyRef).onDestroy(db.status.subscribe(() => { this.status.set(db.status.getSnapshot()) }))
  }
}

// `@Component({ … }) class App` without the syntax, which erasable TypeScript lacks.
Component({
  selector: 'app-root',
  template: `
    <p>{{ status().connection }}</p>
    <ul id="users">@for (user of users.data(); track user.id) {<li>{{ lineOfUser(user) }}</li>}</ul>
    <ul id="places">@for (place of places.data(); track place.id) {<li>{{ lineOfPlace(place) }}</li>}</ul>
    <ul id="largest">@for (place of results.data(); track place.id) {<li>{{ lineOfPlace(place) }}</li>}</ul>
  `,
})(App)

enableProdMode()
await bootstrapApplication(App)
