import { Suspense } from 'react'
import { Cell } from '../../../shared/cell.tsx'
import { CONNECTIONS, freshness } from '../../../shared/connections.ts'
import { formatCount } from '../../../shared/format.ts'
import { hrefOf, NAMES, type Place, place, PLACES } from './place.ts'
import { useStatus } from './use-opened.ts'

const MEANINGS: Record<Place, string> = {
  worker: 'The worker holds all rows and runs the eight queries. This tab gets the rows of their results that changed.',
  tab: 'This tab holds all rows, and runs the same eight queries on the thread that also answers to you.',
}

function Status() {
  const status = useStatus()
  const { text, tone } = CONNECTIONS[status.connection]
  const fresh = freshness(status)
  const shown = tone === 'good' ? { text: `${text}, ${fresh.text}`, tone: fresh.tone } : { text, tone }
  return (
    <dl className="run-status">
      <Cell label="Status" value={shown.text} tone={shown.tone} />
      <Cell label="Rows read" value={formatCount(status.rows)} />
      <Cell label="Tabs" value={status.epoch === '' ? '…' : formatCount(status.tabs)} />
    </dl>
  )
}

/** Where the queries run. Links, because the choice is made when the page loads. */
export function RunPanel() {
  return (
    <section className="card console" aria-labelledby="run-title">
      <header className="card-head">
        <h2 id="run-title">Run the queries in</h2>
      </header>
      <div className="side-choice">
        <nav className="segments segments-large" aria-label="Run the queries in">
          {PLACES.map((choice) => (
            <a key={choice} href={hrefOf(choice)} aria-current={choice === place ? 'true' : undefined}>
              {NAMES[choice]}
            </a>
          ))}
        </nav>
        <p>{MEANINGS[place]}</p>
      </div>
      <Suspense fallback={<p className="run-status muted">The server makes the log, for its first visitor…</p>}>
        <Status />
      </Suspense>
    </section>
  )
}
