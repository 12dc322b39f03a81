import { useMemo } from 'react'
import { notePress, noteText } from '../meter/typing.ts'
import { useOpened } from '../side/use-source.ts'
import { countryName, type Filters, NO_FILTERS } from './filters.ts'

interface SearchBarProps {
  filters: Filters
  onChange: (filters: Filters) => void
}

function CountrySelect({ value, onChange }: { value: string; onChange: (country: string) => void }) {
  const { countries } = useOpened().log
  const options = useMemo(
    () => countries.map((code) => ({ code, name: countryName(code) })).sort((a, b) => a.name.localeCompare(b.name)),
    [countries],
  )
  return (
    <label className="field">
      <span>Country</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">All countries</option>
        {options.map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

export function SearchBar({ filters, onChange }: SearchBarProps) {
  const setText = (text: string) => {
    noteText(text)
    onChange({ ...filters, text })
  }
  return (
    <form className="filters" role="search" aria-label="Filter cities" onSubmit={(event) => event.preventDefault()}>
      <label className="field field-text">
        <span>Search</span>
        <input
          type="search"
          placeholder="Type a part of a city’s name"
          autoComplete="off"
          spellCheck={false}
          value={filters.text}
          onKeyDown={(event) => notePress(event.timeStamp)}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <CountrySelect value={filters.country} onChange={(country) => onChange({ ...filters, country })} />
      <button type="button" className="button" disabled={filters === NO_FILTERS} onClick={() => onChange(NO_FILTERS)}>
        Clear
      </button>
    </form>
  )
}
