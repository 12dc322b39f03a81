import { type ReactNode, useEffect, useState } from 'react'
import { formatDay } from '../format.ts'
import { AirportDelays } from './airport-delays.tsx'
import { HoursChart } from './hours-chart.tsx'
import { usePeriodStart } from './use-period.ts'

/** Counts up to `steps`, one per task, so that each panel's query runs in a task of its own and after the board's. */
function useSteps(steps: number): number {
  const [step, setStep] = useState(0)
  useEffect(() => {
    if (step >= steps) return
    const timer = setTimeout(() => setStep(step + 1), 60)
    return () => clearTimeout(timer)
  }, [step, steps])
  return step
}

function Panel({ id, title, note, children }: { id: string; title: string; note: string; children: ReactNode }) {
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>{title}</h2>
        <p>{note}</p>
      </header>
      {children}
    </section>
  )
}

export function Statistics() {
  const since = usePeriodStart()
  const step = useSteps(2)
  const note = since === null || step === 0 ? '' : `since ${formatDay(`${since}T00:00`)}`
  return (
    <div className="statistics">
      <Panel id="airports-title" title="Delays by airport" note={note}>
        {since !== null && step >= 1 ? <AirportDelays since={since} /> : <p className="empty">…</p>}
      </Panel>
      <Panel id="hours-title" title="By hour of departure" note={note}>
        {since !== null && step >= 2 ? <HoursChart since={since} /> : <p className="empty">…</p>}
      </Panel>
    </div>
  )
}
