import { useLiveInfiniteQuery, useLiveQuery } from '@tanstack/react-db'
import { createElement, type ReactNode } from 'react'
import { eq, gte, ilike, type StreamDB } from 'sidestream'
import type { City, Country, citySchema } from '../../support/cities.ts'

export type CitiesDB = StreamDB<typeof citySchema>

/** What the page shows. */
export type View =
  | { readonly kind: 'top'; readonly limit: number }
  | { readonly kind: 'pages'; readonly size: number }
  | { readonly kind: 'search'; readonly term: string }
  | { readonly kind: 'with-country'; readonly atLeast: number; readonly limit: number }

const lineOf = ({ name, population }: City): string => `${name} ${String(population)}`

function list(isReady: boolean, lines: ReadonlyArray<readonly [key: string, text: string]>): ReactNode {
  if (!isReady) return createElement('p', null, 'loading')
  return createElement('ol', null, lines.map(([key, text]) => createElement('li', { key }, text)))
}

const citiesIn = (isReady: boolean, cities: ReadonlyArray<City>): ReactNode => list(isReady, cities.map((city) => [city.id, lineOf(city)]))

function Top({ db, limit }: { db: CitiesDB; limit: number }): ReactNode {
  const { data, isReady } = useLiveQuery((q) => q.from({ city: db.collections.cities }).orderBy(({ city }) => city.population, 'desc').limit(limit))
  return citiesIn(isReady, data)
}

/** Calls for the next page of the list that is shown. */
export const pager: { next: () => Promise<void>; hasNext: () => boolean } = { next: () => Promise.reject(new Error('no pages')), hasNext: () => false }

function Pages({ db, size }: { db: CitiesDB; size: number }): ReactNode {
  const { data, isReady, fetchNextPage, hasNextPage } = useLiveInfiniteQuery(
    (q) => q.from({ city: db.collections.cities }).orderBy(({ city }) => city.population, 'desc'),
    { pageSize: size },
  )
  pager.next = fetchNextPage
  pager.hasNext = () => hasNextPage
  return citiesIn(isReady, data)
}

function Search({ db, term }: { db: CitiesDB; term: string }): ReactNode {
  const { data, isReady } = useLiveQuery((q) =>
    q.from({ city: db.collections.cities }).where(({ city }) => ilike(city.name, `${term}%`)).orderBy(({ city }) => city.name, { stringSort: 'lexical' }).orderBy(({ city }) => city.population),
  )
  return citiesIn(isReady, data)
}

function WithCountry({ db, atLeast, limit }: { db: CitiesDB; atLeast: number; limit: number }): ReactNode {
  const { data, isReady } = useLiveQuery((q) =>
    q
      .from({ city: db.collections.cities })
      .join({ country: db.collections.countries }, ({ city, country }) => eq(city.country, country.id), 'left')
      .where(({ city }) => gte(city.population, atLeast))
      .orderBy(({ city }) => city.population, 'desc')
      .limit(limit),
  )
  const rows = data as ReadonlyArray<{ city: City; country?: Country }>
  return list(isReady, rows.map(({ city, country }) => [city.id, `${lineOf(city)}, ${country?.name ?? 'nowhere'}`]))
}

export function Board({ db, view }: { db: CitiesDB; view: View | null }): ReactNode {
  switch (view?.kind) {
    case 'top':
      return createElement(Top, { db, limit: view.limit })
    case 'pages':
      return createElement(Pages, { db, size: view.size })
    case 'search':
      return createElement(Search, { db, term: view.term })
    case 'with-country':
      return createElement(WithCountry, { db, atLeast: view.atLeast, limit: view.limit })
    case undefined:
      return null
  }
}
