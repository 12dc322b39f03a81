import { AirportsProvider } from './airports.tsx'
import { Board } from './board/board.tsx'
import { Clock } from './clock.tsx'
import { MeterPanel } from './meter/meter-panel.tsx'
import { Statistics } from './panels/statistics.tsx'
import { ServerPanel } from './server/server-panel.tsx'
import { StatusBar } from './status-bar.tsx'

export function App() {
  return (
    <main className="page">
      <header className="masthead">
        <h1>Departures</h1>
        <Clock />
        <p>
          US flights of early 2001, played again from the public record. sidestream’s worker reads the stream and keeps the
          cache; the page gets the rows that changed.
        </p>
      </header>
      <ServerPanel />
      <MeterPanel />
      <StatusBar />
      <AirportsProvider>
        <Board />
      </AirportsProvider>
      <Statistics />
    </main>
  )
}
