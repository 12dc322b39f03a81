import { Suspense } from 'react'
import { CountChoice } from '../../../shared/choice.tsx'
import { formatCount } from '../../../shared/format.ts'
import { StreamSwitch } from '../../../shared/stream-switch.tsx'
import { useOpened } from '../side/use-source.ts'
import { startOver, useLoad } from './use-load.ts'

const RATES = [0, 1000, 5000, 10_000, 20_000] as const

/** Another page has started the log over: this one reads a log that nobody writes any more. */
function Outdated({ path }: { path: string }) {
  const { log } = useOpened()
  if (log.path === path) return null
  return (
    <p className="load-note" role="alert">
      The log was started over.{' '}
      <button type="button" className="link" onClick={() => location.reload()}>
        Read the new one
      </button>
    </p>
  )
}

export function LoadPanel() {
  const { load, setRate, setOpen } = useLoad()
  return (
    <section className="card console" aria-labelledby="load-title">
      <header className="card-head">
        <h2 id="load-title">Changes per second</h2>
        <p>{load ? `${formatCount(load.changes)} in the log` : 'server not reached yet'}</p>
      </header>
      <div className="load-choice">
        <CountChoice legend="Changes per second" name="rate" counts={RATES} chosen={load?.rate} onChoose={setRate} />
        <StreamSwitch open={load?.open ?? true} disabled={load === null} onChange={setOpen} />
        {load?.isFull === true ? (
          <p className="load-note" role="alert">
            The log is full: it takes {formatCount(load.mostChanges)} changes.{' '}
            <button type="button" className="link" onClick={() => void startOver()}>
              Start it over
            </button>
          </p>
        ) : (
          <p>Made up by the server, all over the world; up to 50 a second hit the 100 largest cities.</p>
        )}
        {load && (
          <Suspense>
            <Outdated path={load.path} />
          </Suspense>
        )}
      </div>
    </section>
  )
}
