import { formatCount } from '../../../shared/format.ts'
import { DataTable } from './data-table.tsx'

export interface Column {
  label: string
  count: number
  /** Stands below the column. */
  tick?: string
}

const WIDTH = 300
const LEFT = 46
const TOP = 10
const BASE = 134
const HEIGHT = 152

/** A round number that is not below: 1, 2 or 5 and zeros. */
function roundUp(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(value, 1)))
  return ([1, 2, 5, 10].find((step) => step * unit >= value) ?? 10) * unit
}

/** Columns in a row, as of a histogram. The table has the same for those who cannot see them. */
export function Columns({ caption, unit, columns, tone }: { caption: string; unit: string; columns: readonly Column[]; tone: string }) {
  const top = roundUp(Math.max(1, ...columns.map(({ count }) => count)))
  const step = (WIDTH - LEFT) / columns.length
  return (
    <div className="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {[top, top / 2, 0].map((mark) => {
          const y = BASE - (mark / top) * (BASE - TOP)
          return (
            <g key={mark / top}>
              <line className="grid" x1={LEFT} x2={WIDTH} y1={y} y2={y} />
              <text className="tick" x={LEFT - 5} y={y + 3} textAnchor="end">
                {formatCount(mark)}
              </text>
            </g>
          )
        })}
        {columns.map(({ label, count, tick }, index) => {
          const height = (count / top) * (BASE - TOP)
          return (
            <g key={label}>
              <rect className={`column ${tone}`} x={LEFT + index * step + 1} width={Math.max(step - 2, 1)} y={BASE - height} height={height} rx={1} />
              {tick !== undefined && (
                <text className="tick" x={LEFT + (index + 0.5) * step} y={HEIGHT - 5} textAnchor="middle">
                  {tick}
                </text>
              )}
            </g>
          )
        })}
      </svg>
      <DataTable caption={caption} rows={columns.map(({ label, count }) => [label, `${formatCount(count)} ${unit}`])} />
    </div>
  )
}
