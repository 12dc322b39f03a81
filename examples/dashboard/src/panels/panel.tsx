import { type ReactNode, useId } from 'react'
import { place } from '../run/place.ts'
import { useStatus } from '../run/use-opened.ts'
import type { Result } from './use-result.ts'

const formatMean = (milliseconds: number) => `${milliseconds < 10 ? milliseconds.toFixed(1) : String(Math.round(milliseconds))} ms`

/** What the query costs where it runs. */
function Cost({ id }: { id: string }) {
  const cost = useStatus().queries[id]
  if (place === 'tab') return <p>in the tab</p>
  if (!cost) return <p>…</p>
  return <p title="Mean time of a run in the worker">{formatMean(cost.runMs)} a run</p>
}

interface PanelProps<T> {
  name: string
  title: string
  result: Result<T> | null
  before?: ReactNode
  children: (rows: readonly T[]) => ReactNode
}

export function Panel<T>({ name, title, result, before, children }: PanelProps<T>) {
  const id = useId()
  return (
    <section className={`card panel panel-${name}`} aria-labelledby={id} aria-busy={result === null}>
      <header className="card-head">
        <h2 id={id}>{title}</h2>
        {result && <Cost id={result.id} />}
      </header>
      {before}
      {result === null ? <p className="empty loading">…</p> : children(result.rows)}
    </section>
  )
}
