import { Suspense, useSyncExternalStore } from 'react'
import { formatCount, formatDuration } from '../../../shared/format.ts'
import { useOpened, useSourceStatus } from '../side/use-source.ts'
import { firstRows } from './first-rows.ts'
import { pace } from '../../../shared/meter/frames.ts'
import { Reading, toneOf } from '../../../shared/meter/reading.tsx'
import { LongestFrame, Stalled } from '../../../shared/meter/ui-thread.tsx'
import { typing } from './typing.ts'

function FirstRows() {
  const after = useSyncExternalStore(firstRows.subscribe, firstRows.getSnapshot)
  return <Reading label="First rows after" value={after === null ? '…' : formatDuration(after)} note="from opening the stream" />
}

function Typing() {
  const lag = useSyncExternalStore(typing.subscribe, typing.getSnapshot)
  const { shown, answered } = lag ?? { shown: null, answered: null }
  return (
    <Reading
      label="Key to rows"
      value={answered === null ? (lag ? '…' : '–') : formatDuration(answered)}
      note={lag === null ? 'type in the search field' : `letter shown after ${shown === null ? '…' : formatDuration(shown)}`}
      {...(answered === null ? {} : { tone: toneOf(answered) })}
    />
  )
}

function Rows() {
  const { source } = useOpened()
  const { workerRows } = useSourceStatus()
  // Counted as often as the pace is told.
  const held = useSyncExternalStore(pace.subscribe, () => source.cities.size)
  return (
    <>
      <Reading label="Rows in this tab" value={formatCount(held)} note="on the UI thread" />
      <Reading
        label="Rows in the worker"
        value={workerRows === null ? 'none' : formatCount(workerRows)}
        note={workerRows === null ? 'there is no worker' : 'for all tabs'}
      />
    </>
  )
}

export function Readings() {
  return (
    <dl className="readings">
      <LongestFrame />
      <Stalled />
      <FirstRows />
      <Typing />
      <Suspense>
        <Rows />
      </Suspense>
    </dl>
  )
}
