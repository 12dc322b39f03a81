import { useDeferredValue, useState } from 'react'
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
      <CityTable filters={shownFilters} />
    </section>
  )
}
