import { type ReactNode, Suspense, useSyncExternalStore } from 'react'
import { formatCount, formatDuration } from '../../../shared/format.ts'
import { resetStalls, stalls } from '../../../shared/stalls.ts'
import { useOpened, useSourceStatus } from '../side/use-source.ts'
import { firstRows } from './first-rows.ts'
import { pace } from './frames.ts'
import { typing } from './typing.ts'

interface ReadingProps {
  label: string
  value: string
  note: ReactNode
  tone?: 'good' | 'warn' | 'bad'
}

function Reading({ label, value, note, tone }: ReadingProps) {
  return (
    <div className={`reading ${tone ?? ''}`}>
      <dt>{label}</dt>
      <dd>{value}</dd>
      <dd className="reading-note">{note}</dd>
    </div>
  )
}

/** 50 ms is where a task counts as long; a tenth of a second is what people notice. */
const toneOf = (milliseconds: number) => (milliseconds < 50 ? 'good' : milliseconds < 150 ? 'warn' : 'bad')

function LongestFrame() {
  const { longest } = useSyncExternalStore(pace.subscribe, pace.getSnapshot)
  return <Reading label="Longest frame" value={formatDuration(longest)} tone={toneOf(longest)} note="ended in the last second" />
}

function Stalled() {
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
