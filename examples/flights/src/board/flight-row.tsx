import { memo, useState } from 'react'
import { formatChange, formatCount } from '../../../shared/format.ts'
import { formatDay, formatTime } from '../format.ts'
import type { Airport, Flight } from '../schema.ts'

/** The limit that the US statistics use: an arrival 15 minutes after schedule or later is late. */
const LATE_MINUTES = 15

function remark({ delay }: Flight): { text: string; tone: string } {
  if (delay === null) return { text: 'In the air', tone: 'airborne' }
  if (delay >= LATE_MINUTES) return { text: 'Late', tone: 'late' }
  return delay < 0 ? { text: 'Early', tone: 'early' } : { text: 'On time', tone: 'on-time' }
}

function Place({ iata, airport }: { iata: string; airport: Airport | undefined }) {
  return (
    <span className="place" title={airport?.name}>
      <b>{iata}</b> <span>{airport?.city}</span>
    </span>
  )
}

interface FlightRowProps {
  flight: Flight
  origin: Airport | undefined
  destination: Airport | undefined
  /** A row that comes later than the first ones lights up for a moment. */
  isNews: boolean
}

export const FlightRow = memo(function FlightRow({ flight, origin, destination, isNews }: FlightRowProps) {
  const [lit] = useState(isNews)
  const { text, tone } = remark(flight)
  return (
    <tr className={lit ? 'lit' : undefined}>
      <td className="when">
        <span>{formatDay(flight.date)}</span> <b>{formatTime(flight.date)}</b>
      </td>
      <td>
        <Place iata={flight.origin} airport={origin} />
      </td>
      <td>
        <Place iata={flight.destination} airport={destination} />
      </td>
      <td className="number distance">{formatCount(flight.distance)}</td>
      <td className={`number delay ${tone}`}>{flight.delay === null ? '–' : formatChange(flight.delay)}</td>
      <td>
        <span className={`remark ${tone}`}>{text}</span>
      </td>
    </tr>
  )
})
