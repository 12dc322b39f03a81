import { Suspense, useDeferredValue, useState } from 'react'
import { CityTable } from './city-table.tsx'
import { NO_FILTERS } from './filters.ts'
import { SearchBar } from './search-bar.tsx'

export function Board() {
  const [filters, setFilters] = useState(NO_FILTERS)
  // Typing stays fluent: the table follows the filters when there is time.
  const shownFilters = useDeferredValue(filters)
  return (
    <section className="card board" aria-label="Cities board">
      <SearchBar filters={filters} onChange={setFilters} />
      <Suspense fallback={<p className="empty loading">Reading the stream…</p>}>
        <CityTable filters={shownFilters} />
      </Suspense>
    </section>
  )
}
