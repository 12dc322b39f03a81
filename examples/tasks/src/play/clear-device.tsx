import { useState } from 'react'
import { SidestreamError } from 'sidestream'
import { db } from '../db.ts'
import { useStatus } from '../use-db.ts'

/** Clears this device. Changes that are not sent are lost only when the user says so. */
export function ClearDevice() {
  const [asks, setAsks] = useState(false)
  const { pending, parked } = useStatus()

  async function clear(discardWrites: boolean) {
    try {
      await db.clearCache({ discardWrites })
      location.reload()
    } catch (error) {
      if (error instanceof SidestreamError && error.code === 'WRITES_PENDING') setAsks(true)
      // Anything else is in db.status.
    }
  }

  if (!asks) {
    return (
      <button type="button" className="button" onClick={() => void clear(false)}>
        Clear this device
      </button>
    )
  }
  return (
    <div className="buttons" role="group" aria-label="Clear this device">
      <button type="button" className="button button-strong" onClick={() => void clear(true)}>
        Lose {pending + parked} unsent
      </button>
      <button type="button" className="button" autoFocus onClick={() => setAsks(false)}>
        Keep
      </button>
    </div>
  )
}
