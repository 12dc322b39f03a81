import { BoardNav } from '../../shared/board-nav.tsx'
import { OutboxPanel } from './outbox/outbox-panel.tsx'
import { PlayPanel } from './play/play-panel.tsx'
import { StatusBar } from './status-bar.tsx'
import { TaskPanel } from './tasks/task-panel.tsx'
import { Unsaved } from './unsaved.tsx'
import { useReady } from './use-db.ts'
import { Loading } from './loading.tsx'

export function App() {
  const ready = useReady()
  return (
    <main className="page">
      <header className="masthead">
        <div className="masthead-title">
          <h1>Tasks</h1>
          <BoardNav />
        </div>
        <StatusBar />
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
