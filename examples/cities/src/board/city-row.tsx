import { memo, useState } from 'react'
import { formatChange, formatCount } from '../../../shared/format.ts'
import type { City } from '../schema.ts'
import { countryName } from './filters.ts'

interface Seen {
  population: number
  /** The last change; 0 before there was one. */
  change: number
  changes: number
}

/** What has become of a figure since the row was first shown. */
function useChange(population: number): Seen {
  const [seen, setSeen] = useState<Seen>({ population, change: 0, changes: 0 })
  if (seen.population === population) return seen
  const next = { population, change: population - seen.population, changes: seen.changes + 1 }
  setSeen(next)
  return next
}

/** Two animations of one look: an element starts over only with another one. */
function lookOf({ change, changes }: Seen) {
  if (changes === 0) return undefined
  return `${change > 0 ? 'rise' : 'fall'} ${changes % 2 === 0 ? 'flash-even' : 'flash-odd'}`
}

interface CityRowProps {
  city: City
  rank: number
  /** Population of the largest city shown. */
  largest: number
}

export const CityRow = memo(function CityRow({ city, rank, largest }: CityRowProps) {
  const seen = useChange(city.population)
  return (
    <tr className={lookOf(seen)}>
      <td className="number rank">{rank}</td>
      <td className="city-name">{city.name}</td>
      <td className="country">
        <b>{city.country}</b> <span>{countryName(city.country)}</span>
      </td>
      <td className="number population">
        {formatCount(city.population)}
        <span className="population-bar" style={{ scale: `${largest === 0 ? 0 : city.population / largest} 1` }} />
      </td>
      <td className="number change">{seen.change === 0 ? '' : formatChange(seen.change)}</td>
    </tr>
  )
})
