import { useEffect, useRef } from 'react'
import { markFirstRows } from '../meter/first-rows.ts'
import { noteRows } from '../meter/typing.ts'
import { CityRow } from './city-row.tsx'
import { type Filters, NO_FILTERS } from './filters.ts'
import { PAGE_ROWS, useCities } from './use-cities.ts'

/** The rows of the last query that had an answer: a table that empties between two letters would flicker. */
function useAnswered<T extends { isReady: boolean }>(result: T): T {
  const last = useRef(result)
  if (result.isReady) last.current = result
  return last.current
}

export function CityTable({ filters }: { filters: Filters }) {
  const current = useCities(filters)
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = useAnswered(current)
  const { isReady } = current
  const hasRows = data.length > 0
  useEffect(() => {
    if (hasRows) markFirstRows()
  }, [hasRows])
  useEffect(() => {
    if (isReady) noteRows(filters.text)
  }, [isReady, filters.text])
  const largest = data[0]?.population ?? 0
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label="Cities" aria-busy={!isReady}>
      <table className="rows cities">
        <caption className="visually-hidden">Cities, the largest first</caption>
        <thead>
          <tr>
            <th scope="col" className="number rank">
              #
            </th>
            <th scope="col">City</th>
            <th scope="col">Country</th>
            <th scope="col" className="number">
              Population
            </th>
            <th scope="col" className="number">
              Change
            </th>
          </tr>
        </thead>
        <tbody>
          {data.map((city, index) => (
            <CityRow key={city.id} city={city} rank={index + 1} largest={largest} />
          ))}
        </tbody>
      </table>
      {hasNextPage && (
        <p className="more">
          <button type="button" className="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show {PAGE_ROWS} more
          </button>
        </p>
      )}
      {!hasRows && <p className="empty">{!isReady ? 'Reading the stream…' : filters === NO_FILTERS ? 'No cities yet.' : 'No city matches.'}</p>}
    </div>
  )
}
