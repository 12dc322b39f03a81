import { useSyncExternalStore } from 'react'
import { formatCount, formatDuration } from '../format.ts'
import { resetStalls, stalls } from '../stalls.ts'
import { pace } from './frames.ts'
import { Reading, toneOf } from './reading.tsx'

export function LongestFrame() {
  const { longest } = useSyncExternalStore(pace.subscribe, pace.getSnapshot)
  return <Reading label="Longest frame" value={formatDuration(longest)} tone={toneOf(longest)} note="ended in the last second" />
}

export function Stalled() {
  const { total, count, measuredBy } = useSyncExternalStore(stalls.subscribe, stalls.getSnapshot)
  return (
    <Reading
      label="Stalled for"
      value={formatDuration(total)}
      tone={count === 0 ? 'good' : total < 500 ? 'warn' : 'bad'}
      note={
        <>
          {formatCount(count)} {measuredBy}
          {count === 1 ? '' : 's'}{' '}
          <button type="button" className="link" aria-label="Reset the stall meter" onClick={resetStalls}>
            reset
          </button>
        </>
      }
    />
  )
}
