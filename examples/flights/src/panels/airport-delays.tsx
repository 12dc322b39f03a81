import { useLiveQuery } from '@tanstack/react-db'
import { formatCount } from '../../../shared/format.ts'
import { formatMean } from '../format.ts'
import { airportDelays, MIN_FLIGHTS, SHOWN } from './results.ts'

export function AirportDelays({ since }: { since: string }) {
  const { data: airports } = useLiveQuery(airportDelays(since))
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
