import { useState, useSyncExternalStore } from 'react'
import { db } from '../db.ts'
import { formatCount, formatMilliseconds } from '../../../shared/format.ts'
import { firstRows } from './first-rows.ts'
import { resetStalls, stalls } from '../../../shared/stalls.ts'

function FirstRowsReading() {
  const reading = useSyncExternalStore(firstRows.subscribe, firstRows.getSnapshot)
  return (
    <div className="reading">
      <dt>First rows after</dt>
      <dd>{reading ? formatMilliseconds(reading.at) : '…'}</dd>
      <dd className="reading-note">{reading ? `from the ${reading.from}` : 'waiting for rows'}</dd>
    </div>
  )
}

function StallReading() {
  const { longest, count, measuredBy } = useSyncExternalStore(stalls.subscribe, stalls.getSnapshot)
  return (
    <div className="reading">
      <dt>Longest UI stall</dt>
      <dd>{count === 0 ? '< 50 ms' : formatMilliseconds(longest)}</dd>
      <dd className="reading-note">
        {count === 0 ? 'no' : formatCount(count)} {measuredBy}
        {count === 1 ? '' : 's'}{' '}
        <button type="button" className="link" aria-label="Reset the stall meter" onClick={resetStalls}>
          reset
        </button>
      </dd>
    </div>
  )
}

function ClearCacheButton() {
  const [state, setState] = useState<'ready' | 'clearing' | 'cleared' | 'failed'>('ready')
  const clear = () => {
    setState('clearing')
    db.clearCache().then(
      () => setState('cleared'),
      () => setState('failed'),
    )
    setTimeout(() => setState('ready'), 2500)
  }
  const label = { ready: 'Clear cache', clearing: 'Clearing…', cleared: 'Cache cleared', failed: 'Not cleared' }[state]
  return (
    <button type="button" className="button" aria-live="polite" onClick={clear} disabled={state === 'clearing'}>
      {label}
    </button>
  )
}

export function MeterPanel() {
  return (
    <section className="card console" aria-labelledby="meter-title">
      <header className="card-head">
        <h2 id="meter-title">This page</h2>
        <div className="buttons">
          <ClearCacheButton />
          <button type="button" className="button button-strong" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      </header>
      <dl className="readings">
        <FirstRowsReading />
        <StallReading />
      </dl>
    </section>
  )
}
