import { db, type Status } from './db.ts'
import { formatCount, formatOffset } from './format.ts'
import { useStatus } from './use-status.ts'

type Tone = 'good' | 'warn' | 'bad' | 'plain'

const CONNECTION_TONES: Partial<Record<Status['connection'], Tone>> = {
  live: 'good',
  offline: 'bad',
  'needs-auth': 'bad',
  'not-found': 'bad',
  failed: 'bad',
  closed: 'bad',
  connecting: 'warn',
  'catching-up': 'warn',
}

const WHERE: Record<Status['where'], string> = { worker: 'worker', 'shared-worker': 'shared worker', page: 'page' }

function freshness({ stale, upToDate }: Status): { text: string; tone: Tone } {
  if (stale) return { text: 'stale', tone: 'warn' }
  return upToDate ? { text: 'up to date', tone: 'good' } : { text: 'behind', tone: 'warn' }
}

function Cell({ label, value, tone = 'plain', title }: { label: string; value: string; tone?: Tone; title?: string | undefined }) {
  return (
    <div className={`cell ${tone}`} {...(title === undefined ? {} : { title })}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}

export function StatusBar() {
  const status = useStatus()
  const { connection, offset, persistedOffset, rows, quarantined, storage, where, lastError } = status
  const fresh = freshness(status)
  return (
    <section className="card status" aria-label="Sync status">
      <p role="status" className="visually-hidden">
        {connection.replace('-', ' ')}, {fresh.text}
      </p>
      <dl>
        <Cell label="Connection" value={connection.replace('-', ' ')} tone={CONNECTION_TONES[connection] ?? 'plain'} />
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
        <Cell label="Engine" value={WHERE[where]} />
        <Cell
          label="Last error"
          value={lastError?.code ?? 'none'}
          tone={lastError ? 'bad' : 'plain'}
          title={lastError?.message}
        />
      </dl>
      {connection !== 'live' && connection !== 'connecting' && connection !== 'catching-up' && (
        <button type="button" className="button" onClick={() => db.reconnect()}>
          Retry now
        </button>
      )}
    </section>
  )
}
