import { formatTime, formatWeekday } from './format.ts'
import { useNewestDate } from './use-newest-date.ts'

/** The time on the board: that of the newest departure. */
export function Clock() {
  const date = useNewestDate()
  return (
    <div className="clock">
      {date === null ? (
        'No flight yet'
      ) : (
        <time dateTime={date}>
          {formatWeekday(date)} {date.slice(0, 4)}, {formatTime(date)}
        </time>
      )}
    </div>
  )
}
