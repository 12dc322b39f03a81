import type { ReactNode } from 'react'
import { formatDay } from '../format.ts'
import { AirportDelays } from './airport-delays.tsx'
import { HoursChart } from './hours-chart.tsx'
import { usePeriodStart } from './use-period.ts'

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
  const note = since === null ? '' : `since ${formatDay(`${since}T00:00`)}`
  return (
    <div className="statistics">
      <Panel id="airports-title" title="Delays by airport" note={note}>
        {since !== null ? <AirportDelays since={since} /> : <p className="empty">…</p>}
      </Panel>
      <Panel id="hours-title" title="By hour of departure" note={note}>
        {since !== null ? <HoursChart since={since} /> : <p className="empty">…</p>}
      </Panel>
    </div>
  )
}
