import { useSyncExternalStore } from 'react'
import { FrameChart } from './frame-chart.tsx'
import { pace } from './frames.ts'
import { PageButtons } from './page-buttons.tsx'
import { Readings } from './readings.tsx'
import { Runner } from './runner.tsx'

function FramesPerSecond() {
  const { perSecond } = useSyncExternalStore(pace.subscribe, pace.getSnapshot)
  const tone = perSecond >= 55 ? 'good' : perSecond >= 30 ? 'warn' : 'bad'
  return (
    <p className={`pace ${tone}`}>
      <b>{perSecond}</b> frames per second
    </p>
  )
}

export function MeterPanel() {
  return (
    <section className="card meter" aria-labelledby="meter-title">
      <header className="card-head">
        <h2 id="meter-title">This page’s UI thread</h2>
        <PageButtons />
      </header>
      <FramesPerSecond />
      <Runner />
      <FrameChart />
      <Readings />
    </section>
  )
}
