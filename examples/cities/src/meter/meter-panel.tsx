import { FrameChart } from '../../../shared/meter/frame-chart.tsx'
import { FramesPerSecond } from '../../../shared/meter/frames-per-second.tsx'
import { PageButtons } from './page-buttons.tsx'
import { Readings } from './readings.tsx'
import { Runner } from '../../../shared/meter/runner.tsx'

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
