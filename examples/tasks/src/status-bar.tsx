import { CONNECTIONS, freshness } from '../../shared/connections.ts'
import { db } from './db.ts'
import { useInstalled } from './use-installed.ts'
import { useStatus } from './use-db.ts'

/** One line: the connection, how fresh the rows are, and what a page without a network can rely on. */
export function StatusBar() {
  const status = useStatus()
  const opensOffline = useInstalled() && status.persistedOffset !== null
  const connection = CONNECTIONS[status.connection]
  const fresh = freshness(status)
  return (
    <div className="status">
      <ul aria-label="Status">
        <li className={connection.tone}>{connection.text}</li>
        <li className={fresh.tone}>{fresh.text}</li>
        <li className={status.durable ? 'good' : 'warn'}>{status.durable ? 'keeps changes' : 'opening, or in memory only'}</li>
        <li className={opensOffline ? 'good' : 'plain'}>{opensOffline ? 'opens offline' : 'cannot open offline yet'}</li>
      </ul>
      {connection.runs !== true && (
        <button type="button" className="button" onClick={() => db.reconnect()}>
          Retry now
        </button>
      )}
    </div>
  )
}
