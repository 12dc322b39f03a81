import { formatCount } from '../../../shared/format.ts'

export interface Bar {
  label: string
  count: number
  note?: string
  tone?: string
}

/** A table whose rows are bars. */
export function Bars({ caption, bars }: { caption: string; bars: readonly Bar[] }) {
  const most = Math.max(1, ...bars.map(({ count }) => count))
  return (
    <table className="bars">
      <caption className="visually-hidden">{caption}</caption>
      <tbody>
        {bars.map(({ label, count, note, tone = 'sky' }) => (
          <tr key={label}>
            <th scope="row">
              {label} {note !== undefined && <span className="muted">{note}</span>}
              <span className={`bar ${tone}`} aria-hidden="true" style={{ transform: `scaleX(${count / most})` }} />
            </th>
            <td className="number">{formatCount(count)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
