import type { ReactNode } from 'react'
import { formatDay } from '../format.ts'
import { useStatus } from '../use-status.ts'
import { AirportDelays } from './airport-delays.tsx'
import { HoursChart } from './hours-chart.tsx'
import { airportDelays, hoursOfDay } from './results.ts'
import { usePeriodStart } from './use-period.ts'

/** What the result is of, and what it costs where it is made. */
function Note({ id, since }: { id: string; since: string }) {
  const { queries, fallbacks } = useStatus()
  const cost = queries[id]
  const where = fallbacks[id] !== undefined ? ' · in the tab' : cost ? ` · ${cost.runMs.toFixed(1)} ms in the worker` : ''
  return (
    <p>
      since {formatDay(`${since}T00:00`)}
      {where}
    </p>
  )
}

interface PanelProps {
  id: string
  title: string
  since: string | null
  result: (since: string) => { readonly id: string }
  children: (since: string) => ReactNode
}

function Panel({ id, title, since, result, children }: PanelProps) {
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>{title}</h2>
        {since !== null && <Note id={result(since).id} since={since} />}
      </header>
      {since === null ? <p className="empty">…</p> : children(since)}
    </section>
  )
}

export function Statistics() {
  const since = usePeriodStart()
  return (
    <div className="statistics">
      <Panel id="airports-title" title="Delays by airport" since={since} result={airportDelays}>
        {(day) => <AirportDelays since={day} />}
      </Panel>
      <Panel id="hours-title" title="By hour of departure" since={since} result={hoursOfDay}>
        {(day) => <HoursChart since={day} />}
      </Panel>
    </div>
  )
}
