import { eq, like, useLiveInfiniteQuery } from '@tanstack/react-db'
import { use } from 'react'
import { COMPARE } from '../side/open.ts'
import { useOpened } from '../side/use-source.ts'
import { type Filters, searchOf } from './filters.ts'

export const PAGE_ROWS = 50

/** The largest cities that match, as many pages of them as were asked for. */
export function useCities({ text, country }: Filters) {
  const { source, ready } = useOpened()
  use(ready)
  const search = searchOf(text)
  return useLiveInfiniteQuery(
    (q) => {
      let query = q.from({ city: source.cities })
      if (search !== '') query = query.where(({ city }) => like(city.search, `%${search}%`))
      if (country !== '') query = query.where(({ city }) => eq(city.country, country))
      return query.orderBy(({ city }) => city.population, { ...COMPARE, direction: 'desc' })
    },
    { queryKey: ['cities', search, country], pageSize: PAGE_ROWS },
  )
}
