import { useDeferredValue } from 'react'
import { BoardNav } from '../../shared/board-nav.tsx'
import { Devtools } from '../../shared/devtools.tsx'
import { TryLine } from '../../shared/try-line.tsx'
import { AirportsProvider } from './airports.tsx'
import { Board } from './board/board.tsx'
import { Clock } from './clock.tsx'
import { db } from './db.ts'
import { Loading } from './loading.tsx'
import { MeterPanel } from './meter/meter-panel.tsx'
import { Statistics } from './panels/statistics.tsx'
import { useReady } from './ready.ts'
import { ServerPanel } from './server/server-panel.tsx'
import { StatusBar } from './status-bar.tsx'

function Flights() {
  return (
    <>
      <AirportsProvider>
        <Board />
      </AirportsProvider>
      <Statistics />
    </>
  )
}

const shownDb = () => db

export function App() {
  // Deferred: the board and the statistics are then rendered in slices, and a key or a click does not wait for all of them.
  const ready = useDeferredValue(useReady() !== null)
  return (
    <main className="page">
      <header className="masthead">
        <div className="masthead-title">
          <h1>Departures</h1>
          <BoardNav />
          <Devtools db={shownDb} />
        </div>
        {ready ? <Clock /> : <div className="clock">Waiting for flights</div>}
        <p>
          US flights of early 2001, played again from the public record. sidestream’s worker reads the stream and keeps the
          cache; the page gets the rows that changed.
        </p>
        <TryLine board="Departures" />
      </header>
      <ServerPanel />
      <MeterPanel />
      <StatusBar />
      {ready ? <Flights /> : <Loading />}
    </main>
  )
}
