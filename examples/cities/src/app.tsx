import { Suspense } from 'react'
import { BoardNav } from '../../shared/board-nav.tsx'
import { Devtools } from '../../shared/devtools.tsx'
import { formatCount } from '../../shared/format.ts'
import { TryLine } from '../../shared/try-line.tsx'
import { Board } from './board/board.tsx'
import { LoadPanel } from './load/load-panel.tsx'
import { MeterPanel } from './meter/meter-panel.tsx'
import { opened } from './side/open.ts'
import { side } from './side/side.ts'
import { SidePanel } from './side/side-panel.tsx'
import { useOpened } from './side/use-source.ts'

function CityCount() {
  return formatCount(useOpened().log.cities)
}

const shownDb = async () => (await opened).source.devtools ?? null

export function App() {
  return (
    <main className="page">
      <header className="masthead">
        <div className="masthead-title">
          <h1>Cities</h1>
          <BoardNav />
          {side === 'sidestream' && <Devtools db={shownDb} />}
        </div>
        <p>
          <Suspense fallback="Many">
            <CityCount />
          </Suspense>{' '}
          of them, changing up to 20,000 times a second. Names and figures: <a href="https://www.geonames.org/">GeoNames</a>, <a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>;
          the changes are made up.
        </p>
        <TryLine board="Cities" />
      </header>
      <SidePanel />
      <LoadPanel />
      <MeterPanel />
      <Suspense fallback={<section className="card placeholder loading board" aria-label="Cities board" aria-busy={true} />}>
        <Board />
      </Suspense>
    </main>
  )
}
