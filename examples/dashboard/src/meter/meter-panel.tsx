import { Suspense, useSyncExternalStore } from 'react'
import { formatCount, formatDuration } from '../../../shared/format.ts'
import { FrameChart } from '../../../shared/meter/frame-chart.tsx'
import { pace } from '../../../shared/meter/frames.ts'
import { FramesPerSecond } from '../../../shared/meter/frames-per-second.tsx'
import { Reading, toneOf } from '../../../shared/meter/reading.tsx'
import { Runner } from '../../../shared/meter/runner.tsx'
import { Stalled } from '../../../shared/meter/ui-thread.tsx'
import { stalls } from '../../../shared/stalls.ts'
import { useOpened, useStatus } from '../run/use-opened.ts'
import { blocked } from './blocked.ts'

function LongestTask() {
  const { longest, count } = useSyncExternalStore(stalls.subscribe, stalls.getSnapshot)
  return <Reading label="Longest task" value={count === 0 ? '< 50 ms' : formatDuration(longest)} tone={toneOf(longest)} note="since the reset" />
}

function Blocked() {
  const share = useSyncExternalStore(blocked.subscribe, blocked.getSnapshot)
  const tone = share === 0 ? 'good' : share < 0.1 ? 'warn' : 'bad'
  return <Reading label="Blocked" value={`${Math.round(share * 100)} %`} tone={tone} note="of the last 10 s, in long tasks" />
}

function Rows() {
  const { db } = useOpened()
  const { rows } = useStatus()
  // Counted as often as the pace is told.
  const held = useSyncExternalStore(pace.subscribe, () => db.collections.parcels.size + db.collections.depots.size)
  return <Reading label="Rows in this tab" value={formatCount(held)} note={`of ${formatCount(rows)}, beside the results`} />
}

export function MeterPanel() {
  return (
    <section className="card meter" aria-labelledby="meter-title">
      <header className="card-head">
        <h2 id="meter-title">This page’s UI thread</h2>
        <button type="button" className="button button-strong" onClick={() => location.reload()}>
          Reload
        </button>
      </header>
      <FramesPerSecond />
      <Runner />
      <FrameChart />
      <dl className="readings">
        <LongestTask />
        <Blocked />
        <Stalled />
        <Suspense>
          <Rows />
        </Suspense>
      </dl>
    </section>
  )
}
