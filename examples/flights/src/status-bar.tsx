import { Cell, type Tone } from './cell.tsx'
import { db, type Status } from './db.ts'
import { EngineRow } from './engine/engine-row.tsx'
import { formatCount, formatOffset } from './format.ts'
import { useStatus } from './use-status.ts'

interface Connection {
  text: string
  tone: Tone
  /** Goes on by itself, so that there is nothing to retry. */
  runs?: true
  title?: string
}

const CONNECTIONS: Record<Status['connection'], Connection> = {
  idle: { text: 'idle', tone: 'plain' },
  connecting: { text: 'connecting', tone: 'warn', runs: true },
  'catching-up': { text: 'catching up', tone: 'warn', runs: true },
  live: { text: 'live', tone: 'good', runs: true },
  paused: { text: 'paused', tone: 'calm', runs: true, title: 'All tabs were hidden: nothing is read until one shows' },
  offline: { text: 'offline', tone: 'bad' },
  'needs-auth': { text: 'needs auth', tone: 'bad' },
  'not-found': { text: 'not found', tone: 'bad' },
  failed: { text: 'failed', tone: 'bad' },
  ended: { text: 'ended', tone: 'plain' },
  closed: { text: 'closed', tone: 'bad' },
}

function freshness({ stale, upToDate }: Status): { text: string; tone: Tone } {
  if (stale) return { text: 'stale', tone: 'warn' }
  return upToDate ? { text: 'up to date', tone: 'good' } : { text: 'behind', tone: 'warn' }
}

export function StatusBar() {
  const status = useStatus()
  const { offset, persistedOffset, rows, quarantined, storage, lastError } = status
  const connection = CONNECTIONS[status.connection]
  const fresh = freshness(status)
  return (
    <section className="card status" aria-label="Sync status">
      <p role="status" className="visually-hidden">
        {connection.text}, {fresh.text}
      </p>
      <div className="status-row">
        <dl>
          <Cell label="Connection" value={connection.text} tone={connection.tone} title={connection.title} />
          <Cell label="Data" value={fresh.text} tone={fresh.tone} />
          <Cell label="Rows" value={formatCount(rows)} />
          <Cell label="Offset" value={formatOffset(offset)} title={offset} />
          <Cell label="Persisted" value={formatOffset(persistedOffset)} title={persistedOffset ?? undefined} />
          <Cell
            label="Quarantined"
            value={formatCount(quarantined.count)}
            tone={quarantined.count > 0 ? 'warn' : 'plain'}
            title={quarantined.lastReason ?? undefined}
          />
          <Cell label="Storage" value={storage} tone={storage === 'memory' ? 'warn' : 'plain'} />
          <Cell
            label="Last error"
            value={lastError?.code ?? 'none'}
            tone={lastError ? 'bad' : 'plain'}
            title={lastError?.message}
          />
        </dl>
        {connection.runs !== true && (
          <button type="button" className="button" onClick={() => db.reconnect()}>
            Retry now
          </button>
        )}
      </div>
      <EngineRow />
    </section>
  )
}
