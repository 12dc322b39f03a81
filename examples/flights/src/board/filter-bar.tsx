import { useDeferredValue } from 'react'
import { useAirports } from '../airports.tsx'
import type { Airport } from '../schema.ts'
import { type Filters, NO_FILTERS } from './filters.ts'

const MIN_DELAYS = [0, 15, 30, 60, 120] as const
const NO_AIRPORTS: ReadonlyArray<Airport> = []

interface FilterBarProps {
  filters: Filters
  onChange: (filters: Filters) => void
}

function AirportSelect({ label, value, onChange }: { label: string; value: string; onChange: (iata: string) => void }) {
  // Hundreds of options, which nobody sees yet: the board's rows go first.
  const list = useDeferredValue(useAirports().list, NO_AIRPORTS)
  return (
    <label className="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">Any airport</option>
        {list.map(({ iata, city, state }) => (
          <option key={iata} value={iata}>
            {city}, {state} ({iata})
          </option>
        ))}
      </select>
    </label>
  )
}

export function FilterBar({ filters, onChange }: FilterBarProps) {
  const set = (change: Partial<Filters>) => onChange({ ...filters, ...change })
  const active = filters !== NO_FILTERS
  return (
    <form className="filters" role="search" aria-label="Filter flights" onSubmit={(event) => event.preventDefault()}>
      <label className="field field-text">
        <span>Search</span>
        <input
          type="search"
          placeholder="City, airport or code"
          value={filters.text}
          onChange={(event) => set({ text: event.target.value })}
        />
      </label>
      <AirportSelect label="From" value={filters.origin} onChange={(origin) => set({ origin })} />
      <AirportSelect label="To" value={filters.destination} onChange={(destination) => set({ destination })} />
      <label className="field field-delay">
        <span>Late by</span>
        <select value={filters.minDelay} onChange={(event) => set({ minDelay: Number(event.target.value) })}>
          {MIN_DELAYS.map((minutes) => (
            <option key={minutes} value={minutes}>
              {minutes === 0 ? 'Any' : `${minutes} min or more`}
            </option>
          ))}
        </select>
      </label>
      <button type="button" className="button" disabled={!active} onClick={() => onChange(NO_FILTERS)}>
        Clear
      </button>
    </form>
  )
}
