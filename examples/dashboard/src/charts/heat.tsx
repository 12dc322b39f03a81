import { formatCount } from '../../../shared/format.ts'
import { DataTable } from './data-table.tsx'

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
const HOURS = 24
const LEFT = 34
const STEP_X = 25
const STEP_Y = 21
const WIDTH = LEFT + HOURS * STEP_X
const HEIGHT = DAYS.length * STEP_Y + 16

interface Cell {
  day: number
  hour: number
  parcels: number
}

const nameOf = (day: number, hour: number) => `${DAYS[day] ?? ''} ${String(hour).padStart(2, '0')}:00`

/** A strip for each day, a cell for each hour: the more, the brighter. */
export function Heat({ caption, cells }: { caption: string; cells: readonly Cell[] }) {
  const counts = new Map(cells.map(({ day, hour, parcels }) => [day * HOURS + hour, parcels]))
  const most = Math.max(1, ...counts.values())
  const all = Array.from({ length: DAYS.length * HOURS }, (_, at) => ({ day: Math.floor(at / HOURS), hour: at % HOURS, count: counts.get(at) ?? 0 }))
  return (
    <div className="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {DAYS.map((day, index) => (
          <text key={day} className="tick" x={LEFT - 6} y={index * STEP_Y + 14} textAnchor="end">
            {day.slice(0, 3)}
          </text>
        ))}
        {all.map(({ day, hour, count }) => (
          <rect
            key={day * HOURS + hour}
            className="heat-cell"
            x={LEFT + hour * STEP_X}
            y={day * STEP_Y}
            width={STEP_X - 2}
            height={STEP_Y - 2}
            rx={3}
            // In steps, so that few cells change their color at a redraw.
            fillOpacity={0.06 + Math.round((count / most) * 24) / 25.6}
          >
            <title>{nameOf(day, hour)}</title>
          </rect>
        ))}
        {[0, 6, 12, 18, 23].map((hour) => (
          <text key={hour} className="tick" x={LEFT + (hour + 0.5) * STEP_X - 1} y={HEIGHT - 3} textAnchor="middle">
            {hour}
          </text>
        ))}
      </svg>
      <DataTable caption={caption} rows={all.map(({ day, hour, count }) => [nameOf(day, hour), `${formatCount(count)} parcels`])} />
    </div>
  )
}
