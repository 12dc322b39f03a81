import { BoardNav } from '../../shared/board-nav.tsx'
import { Devtools } from '../../shared/devtools.tsx'
import { TryLine } from '../../shared/try-line.tsx'
import { db } from './db.ts'
import { Loading } from './loading.tsx'
import { OutboxPanel } from './outbox/outbox-panel.tsx'
import { PlayPanel } from './play/play-panel.tsx'
import { StatusBar } from './status-bar.tsx'
import { TaskPanel } from './tasks/task-panel.tsx'
import { Unsaved } from './unsaved.tsx'
import { useReady, useStatus } from './use-db.ts'

const shownDb = () => db

export function App() {
  const { cleared } = useStatus()
  const ready = useReady() && !cleared
  return (
    <main className="page">
      <header className="masthead">
        <div className="masthead-title">
          <h1>Tasks</h1>
          <BoardNav />
          <Devtools db={shownDb} />
        </div>
        <StatusBar />
        <TryLine board="Tasks" />
      </header>
      <Unsaved />
      {ready ? <TaskPanel /> : <Loading />}
      <div className="side">
        {ready && <OutboxPanel />}
        <PlayPanel />
      </div>
    </main>
  )
}
