import { useCallback } from 'react'
import { useControl } from '../../../shared/use-control.ts'

interface Load {
  path: string
  rate: number
  changes: number
  mostChanges: number
  isFull: boolean
}

const post = (path: string, body: object) =>
  fetch(`/demo/dashboard${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

/** The generator of changes in the demo's server (null when it cannot be reached), and its knob. It stops when nobody asks. */
export function useLoad() {
  const { state, turn } = useControl<Load>('/demo/dashboard')
  return { load: state, setRate: useCallback((rate: number) => turn('/rate', { rate }), [turn]) }
}

/** Makes a new log. Its path is another one, so the page starts over as well. */
export async function startOver() {
  await post('/start-over', {})
  location.reload()
}

export async function setParcels(parcels: number) {
  await post('/parcels', { parcels })
  location.reload()
}
