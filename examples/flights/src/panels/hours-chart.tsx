import { useState } from 'react'
import { formatCount } from '../../../shared/format.ts'
import { formatMean } from '../format.ts'
import { type Hour, useHours } from './use-hours.ts'

const WIDTH = 400
const LEFT = 30
const STEP = (WIDTH - LEFT) / 24
const BAR = STEP - 4
const FLIGHTS = { top: 18, height: 72 }
const DELAY = { top: 122, height: 92 }
const HEIGHT = DELAY.top + DELAY.height + 20
/** Below this a mean is drawn hollow. */
const FEW = 8

const x = (hour: number) => LEFT + hour * STEP + 2
const niceCeil = (value: number, unit: number) => Math.max(unit, Math.ceil(value / unit) * unit)
const label = (hour: number) => `${String(hour).padStart(2, '0')}:00`

const isFew = ({ flights }: Hour) => flights > 0 && flights < FEW

function describe({ hour, flights, delay }: Hour): string {
  const mean = flights === 0 ? [] : [`${formatMean(delay)} min`]
  return [label(hour), `${formatCount(flights)} flights`, ...mean].join(' · ')
}

function Scale({ y, text }: { y: number; text: string }) {
  return (
    <>
      <line className="grid" x1={LEFT} x2={WIDTH} y1={y} y2={y} />
      <text className="tick" x={LEFT - 5} y={y + 3} textAnchor="end">
        {text}
      </text>
    </>
  )
}

function FlightBars({ hours }: { hours: readonly Hour[] }) {
  const top = niceCeil(Math.max(...hours.map((hour) => hour.flights)), 20)
  const base = FLIGHTS.top + FLIGHTS.height
  return (
    <g>
      <Scale y={FLIGHTS.top} text={formatCount(top)} />
      <Scale y={base} text="0" />
      {hours.map(({ hour, flights }) => {
        const height = (flights / top) * FLIGHTS.height
        return <rect key={hour} className="flights-bar" x={x(hour)} width={BAR} y={base - height} height={height} rx={1.5} />
      })}
    </g>
  )
}

function DelayBars({ hours }: { hours: readonly Hour[] }) {
  const sound = hours.filter((hour) => hour.flights >= FEW).map((hour) => hour.delay)
  const top = niceCeil(Math.max(...sound, 0), 10)
  const bottom = Math.min(0, -niceCeil(-Math.min(...sound, 0), 5))
  const y = (minutes: number) => DELAY.top + ((top - minutes) / (top - bottom)) * DELAY.height
  return (
    <g>
      <Scale y={y(top)} text={`+${top}`} />
      <Scale y={y(0)} text="0" />
      {hours.map(({ hour, flights, delay }) => {
        if (flights === 0) return null
        const shown = Math.min(Math.max(delay, bottom), top)
        const tone = flights < FEW ? 'few' : delay < 0 ? 'early' : 'late'
        return (
          <rect
            key={hour}
            className={`delay-bar ${tone}`}
            x={x(hour)}
            width={BAR}
            y={Math.min(y(shown), y(0))}
            height={Math.max(1, Math.abs(y(shown) - y(0)))}
            rx={1.5}
          />
        )
      })}
    </g>
  )
}

function HourTable({ hours }: { hours: readonly Hour[] }) {
  return (
    <div className="visually-hidden">
      <table>
        <caption>Flights and mean delay by hour of departure</caption>
        <tbody>
          {hours.map(({ hour, flights, delay }) => (
            <tr key={hour}>
              <th scope="row">{label(hour)}</th>
              <td>{formatCount(flights)} flights</td>
              <td>{flights === 0 ? 'none' : `${formatMean(delay)} minutes`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

export function HoursChart({ since }: { since: string }) {
  const hours = useHours(since)
  const [pointed, setPointed] = useState<number | null>(null)
  const reading = pointed === null ? undefined : hours[pointed]
  return (
    <div className="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" onPointerLeave={() => setPointed(null)}>
        {pointed !== null && <rect className="pointed" x={x(pointed) - 2} width={STEP} y={0} height={HEIGHT - 16} rx={3} />}
        <text className="band-title" x={LEFT} y={9}>
          Flights
        </text>
        <FlightBars hours={hours} />
        <text className="band-title" x={LEFT} y={DELAY.top - 8}>
          Mean delay, minutes {hours.some(isFew) && `(dashed: fewer than ${FEW} flights)`}
        </text>
        {reading && (
          <text className="chart-reading" x={WIDTH} y={9} textAnchor="end">
            {describe(reading)}
          </text>
        )}
        <DelayBars hours={hours} />
        {[0, 6, 12, 18, 23].map((hour) => (
          <text key={hour} className="tick" x={x(hour) + BAR / 2} y={HEIGHT - 4} textAnchor="middle">
            {hour}
          </text>
        ))}
        {hours.map(({ hour }) => (
          <rect
            key={hour}
            fill="transparent"
            x={x(hour) - 2}
            width={STEP}
            y={0}
            height={HEIGHT}
            onPointerEnter={() => setPointed(hour)}
          />
        ))}
      </svg>
      <HourTable hours={hours} />
    </div>
  )
}
