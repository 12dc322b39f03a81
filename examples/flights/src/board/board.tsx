import { useDeferredValue, useEffect, useState } from 'react'
import { useAirports } from '../airports.tsx'
import { markFirstRows } from '../meter/first-rows.ts'
import { useReady } from '../ready.ts'
import { FilterBar } from './filter-bar.tsx'
import { type Filters, NEWEST_FIRST, NO_FILTERS, type Sort, type SortColumn } from './filters.ts'
import { FlightRow } from './flight-row.tsx'
import { useFlights, VISIBLE_ROWS } from './use-flights.ts'

const COLUMNS: ReadonlyArray<{ column: SortColumn; label: string; className?: string }> = [
  { column: 'date', label: 'Departed' },
  { column: 'origin', label: 'From' },
  { column: 'destination', label: 'To' },
  { column: 'distance', label: 'Miles', className: 'number distance' },
  { column: 'delay', label: 'Delay', className: 'number' },
]

/** The browser lays these out in one task with the rest of the page; the others come in the next one. */
const FIRST_ROWS = 15

/** False for a moment after the view was changed: rows that the reader asked for are no news. */
function useSettled(view: object): boolean {
  const [settledView, setSettledView] = useState<object | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => setSettledView(view), 800)
    return () => clearTimeout(timer)
  }, [view])
  return settledView === view
}

function SortHeader({ column, label, className, sort, onSort }: (typeof COLUMNS)[number] & { sort: Sort; onSort: (sort: Sort) => void }) {
  const active = sort.column === column
  const descendsFirst = column !== 'origin' && column !== 'destination'
  const next = active ? (sort.direction === 'desc' ? 'asc' : 'desc') : descendsFirst ? 'desc' : 'asc'
  return (
    <th
      scope="col"
      className={className}
      aria-sort={active ? (sort.direction === 'desc' ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" onClick={() => onSort({ column, direction: next })}>
        {label} <span aria-hidden="true">{active ? (sort.direction === 'desc' ? '↓' : '↑') : ''}</span>
      </button>
    </th>
  )
}

function FlightTable({ filters, sort, onSort }: { filters: Filters; sort: Sort; onSort: (sort: Sort) => void }) {
  const flights = useFlights(filters, sort)
  const { byCode } = useAirports()
  const from = useReady()
  const shownRows = useDeferredValue(VISIBLE_ROWS, FIRST_ROWS)
  const hasRows = flights.length > 0
  const settledFilters = useSettled(filters)
  const settledSort = useSettled(sort)
  useEffect(() => {
    if (hasRows && from !== null) markFirstRows(from)
  }, [hasRows, from])
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label="Flights">
      <table className="rows flights">
        <caption className="visually-hidden">Departures, at most {VISIBLE_ROWS} of them</caption>
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <SortHeader key={column.column} {...column} sort={sort} onSort={onSort} />
            ))}
            <th scope="col">Remark</th>
          </tr>
        </thead>
        <tbody>
          {flights.slice(0, shownRows).map((flight) => (
            <FlightRow
              key={`${flight.id} ${flight.status}`}
              flight={flight}
              origin={byCode.get(flight.origin)}
              destination={byCode.get(flight.destination)}
              isNews={settledFilters && settledSort}
            />
          ))}
        </tbody>
      </table>
      {!hasRows && <p className="empty">{filters === NO_FILTERS ? 'No flights yet.' : 'No flight matches.'}</p>}
    </div>
  )
}

export function Board() {
  const [filters, setFilters] = useState(NO_FILTERS)
  const [sort, setSort] = useState(NEWEST_FIRST)
  // Typing stays fluent: the table follows the filters when there is time.
  const shownFilters = useDeferredValue(filters)
  return (
    <section className="card board" aria-label="Departures board">
      <FilterBar filters={filters} onChange={setFilters} />
      <FlightTable filters={shownFilters} sort={sort} onSort={setSort} />
    </section>
  )
}
