import { Suspense, useState } from 'react'
import { CountChoice } from '../../../shared/choice.tsx'
import { formatCount } from '../../../shared/format.ts'
import { useOpened } from '../run/use-opened.ts'
import { setParcels, startOver, useLoad } from './use-load.ts'

const RATES = [0, 1000, 2000, 5000] as const
const SIZES = [20_000, 100_000, 1_000_000] as const

function ParcelChoice() {
  const { parcels } = useOpened().log
  const [asked, setAsked] = useState<number | null>(null)
  const choose = (count: number) => {
    setAsked(count)
    void setParcels(count)
  }
  return <CountChoice legend="Parcels" name="parcels" counts={SIZES} chosen={asked ?? parcels} onChoose={choose} />
}

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

function Full({ most }: { most: number }) {
  return (
    <p className="load-note" role="alert">
      The log is full: it takes {formatCount(most)} changes.{' '}
      <button type="button" className="link" onClick={() => void startOver()}>
        Start it over
      </button>
    </p>
  )
}

export function LoadPanel() {
  const { load, setRate } = useLoad()
  return (
    <section className="card console" aria-labelledby="load-title">
      <header className="card-head">
        <h2 id="load-title">Changes a second, parcels</h2>
        <p>{load ? `${formatCount(load.changes)} changes` : 'server not reached yet'}</p>
      </header>
      <div className="load-choice">
        <CountChoice legend="Changes per second" name="rate" counts={RATES} chosen={load?.rate} onChoose={setRate} />
        <Suspense>
          <ParcelChoice />
          {load?.isFull === true && <Full most={load.mostChanges} />}
          {load && <Outdated path={load.path} />}
        </Suspense>
        <p>Another number of parcels makes a new log. A million takes the server some ten seconds.</p>
      </div>
    </section>
  )
}
