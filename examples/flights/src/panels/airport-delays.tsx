import { and, avg, count, eq, gte, useLiveQuery } from '@tanstack/react-db'
import { db } from '../db.ts'
import { formatCount } from '../../../shared/format.ts'
import { formatMean } from '../format.ts'

const SHOWN = 10
/** Below this an average says little. */
const MIN_FLIGHTS = 8

function useAirportDelays(since: string) {
  const { data } = useLiveQuery({
    queryKey: ['airport-delays', since],
    query: (q) => {
      const byOrigin = q
        .from({ flight: db.collections.flights })
        .where(({ flight }) => and(gte(flight.date, since), eq(flight.status, 'arrived')))
        .groupBy(({ flight }) => flight.origin)
        .having(({ flight }) => gte(count(flight.id), MIN_FLIGHTS))
        .select(({ flight }) => ({ origin: flight.origin, flights: count(flight.id), delay: avg(flight.delay) }))
      return q
        .from({ group: byOrigin })
        .innerJoin({ airport: db.collections.airports }, ({ group, airport }) => eq(group.origin, airport.iata))
        .orderBy(({ group }) => group.delay, 'desc')
        .limit(SHOWN)
        .select(({ group, airport }) => ({
          iata: airport.iata,
          name: airport.name,
          city: airport.city,
          flights: group.flights,
          delay: group.delay,
        }))
    },
  })
  return data
}

export function AirportDelays({ since }: { since: string }) {
  const airports = useAirportDelays(since)
  const worst = Math.max(1, ...airports.map((airport) => airport.delay))
  if (airports.length === 0) return <p className="empty">Not enough arrivals yet.</p>
  return (
    <table className="ranking">
      <caption className="visually-hidden">
        The {SHOWN} airports with the highest mean delay, of those with {MIN_FLIGHTS} flights or more
      </caption>
      <thead>
        <tr>
          <th scope="col">Airport</th>
          <th scope="col" className="number">
            Flights
          </th>
          <th scope="col" className="number">
            Mean, min
          </th>
        </tr>
      </thead>
      <tbody>
        {airports.map(({ iata, name, city, flights, delay }) => (
          <tr key={iata} title={`${name}: ${formatCount(flights)} flights, ${formatMean(delay)} min on average`}>
            <th scope="row">
              <b>{iata}</b> <span className="ranking-name">{name}</span> <span className="visually-hidden">{city}</span>
              <span className="bar" aria-hidden="true" style={{ inlineSize: `${(Math.max(delay, 0) / worst) * 100}%` }} />
            </th>
            <td className="number muted">{formatCount(flights)}</td>
            <td className="number">{formatMean(delay)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
