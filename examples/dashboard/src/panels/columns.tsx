import { Columns } from '../charts/columns.tsx'
import { Heat } from '../charts/heat.tsx'
import { SECONDS } from './first.ts'
import { Panel } from './panel.tsx'
import { useResult } from './use-result.ts'

const HEAVIEST = 30

export function Weights() {
  return (
    <Panel name="weights" title="Histogram of weights, kg" result={useResult('weights')}>
      {(rows) => {
        const counts = new Map(rows.map(({ weight, parcels }) => [weight, parcels]))
        const columns = Array.from({ length: HEAVIEST }, (_, index) => {
          const weight = index + 1
          return { label: `${weight} kg`, count: counts.get(weight) ?? 0, ...(weight === 1 || weight % 5 === 0 ? { tick: String(weight) } : {}) }
        })
        return <Columns caption="Parcels by weight" unit="parcels" columns={columns} tone="amber" />
      }}
    </Panel>
  )
}

/** Where a second has no group, nothing that changed in it has not changed again. */
export function Seconds() {
  return (
    <Panel name="seconds" title={`Last change, the last ${SECONDS} seconds`} result={useResult('seconds', { last: SECONDS })}>
      {(rows) => {
        const counts = new Map(rows.map(({ second, parcels }) => [second, parcels]))
        const newest = Math.max(0, ...counts.keys())
        const columns = Array.from({ length: SECONDS }, (_, index) => {
          const ago = SECONDS - 1 - index
          return { label: `${ago} s before the newest`, count: counts.get(newest - ago) ?? 0, ...(ago % 10 === 0 ? { tick: ago === 0 ? '0' : `−${ago} s` } : {}) }
        })
        return <Columns caption="Parcels by the second of their last change" unit="parcels" columns={columns} tone="good" />
      }}
    </Panel>
  )
}

export function Hours() {
  return (
    <Panel name="hours" title="Booked by day and hour" result={useResult('hours')}>
      {(rows) => <Heat caption="Parcels by the day and hour of their booking" cells={rows} />}
    </Panel>
  )
}
