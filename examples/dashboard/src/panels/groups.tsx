import { formatCount } from '../../../shared/format.ts'
import { Bars } from '../charts/bars.tsx'
import { SERVICES, STATES } from '../schema.ts'
import { formatMillions } from './format.ts'
import { Panel } from './panel.tsx'
import { useResult } from './use-result.ts'

const TONES: Partial<Record<(typeof STATES)[number], string>> = { delivered: 'good', returned: 'bad', booked: 'dim' }
const COUNTRIES_SHOWN = 6

export function States() {
  return (
    <Panel name="states" title="Count by state" result={useResult('states')}>
      {(rows) => {
        const counts = new Map(rows.map(({ state, parcels }) => [state, parcels]))
        return <Bars caption="Parcels by state" bars={STATES.map((state) => ({ label: state, count: counts.get(state) ?? 0, tone: TONES[state] ?? 'sky' }))} />
      }}
    </Panel>
  )
}

export function Services() {
  return (
    <Panel name="services" title="Group by service" result={useResult('services')}>
      {(rows) => {
        const groups = new Map(rows.map((row) => [row.service, row]))
        return (
          <Bars
            caption="Parcels by service, and what they are worth"
            bars={SERVICES.map((service) => {
              const { parcels = 0, value = 0 } = groups.get(service) ?? {}
              return { label: service, count: parcels, note: formatMillions(value), tone: 'amber' }
            })}
          />
        )
      }}
    </Panel>
  )
}

export function Countries() {
  return (
    <Panel name="countries" title="Join with depots, by country" result={useResult('countries')}>
      {(rows) => {
        const largest = rows.toSorted((a, b) => b.parcels - a.parcels || a.country.localeCompare(b.country))
        const others = largest.slice(COUNTRIES_SHOWN)
        const bars = largest.slice(0, COUNTRIES_SHOWN).map(({ country, parcels }) => ({ label: country, count: parcels }))
        return (
          <>
            <Bars caption="Parcels by the country of their depot" bars={bars} />
            {others.length > 0 && (
              <p className="panel-note">
                {formatCount(others.reduce((sum, { parcels }) => sum + parcels, 0))} in {others.length} other countries
              </p>
            )}
          </>
        )
      }}
    </Panel>
  )
}
