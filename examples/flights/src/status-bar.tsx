import { Cell } from '../../shared/cell.tsx'
import { CONNECTIONS, freshness } from '../../shared/connections.ts'
import { db } from './db.ts'
import { EngineRow } from './engine/engine-row.tsx'
import { formatCount } from '../../shared/format.ts'
import { formatOffset } from './format.ts'
import { useStatus } from './use-status.ts'

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
