import type { PendingWrite } from 'sidestream'
import type { Tone } from '../../../shared/cell.tsx'
import { db } from '../db.ts'
import { refuse } from '../play/server.ts'
import { describe } from './describe.ts'

const STATES: Record<PendingWrite['state'], { text: string; tone: Tone }> = {
  stored: { text: 'stored on this device', tone: 'calm' },
  sent: { text: 'sent, and not answered yet', tone: 'warn' },
  parked: { text: 'refused', tone: 'bad' },
}

/** A call that fails changes nothing: the list stays as it is, and the button can be used again. */
const ask = (call: Promise<unknown>) => void call.catch(() => undefined)

export function OutboxItem({ write }: { write: PendingWrite }) {
  const { id, state, error } = write
  const text = describe(write)
  const { tone, text: stateText } = STATES[state]
  return (
    <li className="write">
      <p>{text}</p>
      <p className={`write-state ${tone}`}>
        {stateText}
        {state === 'parked' && error !== null && `: ${error.message}`}
      </p>
      <div className="buttons">
        {state === 'parked' && (
          <button type="button" className="button button-strong" aria-label={`Send again: ${text}`} onClick={() => ask(db.outbox.retry(id))}>
            Send again
          </button>
        )}
        {state !== 'parked' && (
          <button type="button" className="button" aria-label={`Reject this write: ${text}`} title="The server will refuse it once, when it arrives" onClick={() => ask(refuse(id))}>
            Reject this write
          </button>
        )}
        {state !== 'sent' && (
          <button type="button" className="button" aria-label={`Discard: ${text}`} onClick={() => ask(db.outbox.discard(id))}>
            Discard
          </button>
        )}
      </div>
    </li>
  )
}
