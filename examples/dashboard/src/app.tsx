import { Suspense } from 'react'
import { BoardNav } from '../../shared/board-nav.tsx'
import { Devtools } from '../../shared/devtools.tsx'
import { formatCount } from '../../shared/format.ts'
import { TryLine } from '../../shared/try-line.tsx'
import { opened } from './db.ts'
import { LoadPanel } from './load/load-panel.tsx'
import { MeterPanel } from './meter/meter-panel.tsx'
import { Hours, Seconds, Weights } from './panels/columns.tsx'
import { Countries, Services, States } from './panels/groups.tsx'
import { Dearest, Search } from './panels/rows.tsx'
import { RunPanel } from './run/run-panel.tsx'
import { useOpened } from './run/use-opened.ts'

function ParcelCount() {
  return formatCount(useOpened().log.parcels)
}

function Panels() {
  return (
    <>
      <States />
      <Services />
      <Countries />
      <Weights />
      <Seconds />
      <Dearest />
      <Hours />
      <Search />
    </>
  )
}

const shownDb = async () => (await opened).db

export function App() {
  return (
    <main className="page">
      <header className="masthead">
        <div className="masthead-title">
          <h1>Dashboard</h1>
          <BoardNav />
          <Devtools db={shownDb} />
        </div>
        <p>
          Eight live queries over{' '}
          <Suspense fallback="many">
            <ParcelCount />
          </Suspense>{' '}
          parcels that change all the time. The parcels are made up.
        </p>
        <TryLine board="Dashboard" />
      </header>
      <RunPanel />
      <LoadPanel />
      <MeterPanel />
      <Suspense fallback={<div className="card placeholder loading" aria-busy={true} />}>
        <Panels />
      </Suspense>
    </main>
  )
}
