import { Suspense } from 'react'
import { Cell } from '../../../shared/cell.tsx'
import { hrefOf, NAMES, side, type Side, SIDES } from './side.ts'
import { useSourceStatus } from './use-source.ts'

const MEANINGS: Record<Side, string> = {
  sidestream: 'A worker reads the stream and holds the rows. This tab gets the ones on the screen, and their changes.',
  peer: 'This tab reads the stream and holds all of the rows, on the thread that also answers to you.',
}

function Status() {
  const { connection, engine, storage } = useSourceStatus()
  return (
    <dl className="side-status">
      <Cell label="Status" value={connection.text} tone={connection.tone} />
      <Cell label="Stream read by" value={engine} />
      <Cell label="Cache" value={storage} />
    </dl>
  )
}

/** Which library the page runs on. Links, because the choice is made when the page loads. */
export function SidePanel() {
  return (
    <section className="card console" aria-labelledby="side-title">
      <header className="card-head">
        <h2 id="side-title">This page runs on</h2>
      </header>
      <div className="side-choice">
        <nav className="segments segments-large" aria-label="This page runs on">
          {SIDES.map((choice) => (
            <a key={choice} href={hrefOf(choice)} aria-current={choice === side ? 'true' : undefined}>
              {NAMES[choice]}
            </a>
          ))}
        </nav>
        <p>{MEANINGS[side]}</p>
      </div>
      <Suspense fallback={<p className="side-status muted">The server makes the log, for its first visitor…</p>}>
        <Status />
      </Suspense>
    </section>
  )
}
