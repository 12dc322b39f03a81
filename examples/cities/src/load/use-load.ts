import { useCallback } from 'react'
import { useControl } from '../../../shared/use-control.ts'

interface Load {
  path: string
  rate: number
  changes: number
  mostChanges: number
  isFull: boolean
}

/** The generator of changes in the demo's server (null when it cannot be reached), and its knob. It stops when nobody asks. */
export function useLoad() {
  const { state, turn } = useControl<Load>('/demo/cities')
  return { load: state, setRate: useCallback((rate: number) => turn('/rate', { rate }), [turn]) }
}

/** Makes a new log of the cities as they are now. Its path is another one, so the page starts over as well. */
export async function startOver() {
  await fetch('/demo/cities/start-over', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
  location.reload()
}
