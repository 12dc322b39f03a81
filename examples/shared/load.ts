import { useCallback } from 'react'
import { useControl } from './use-control.ts'

interface Load {
  path: string
  /** Whether the server answers for the stream. */
  open: boolean
  rate: number
  changes: number
  mostChanges: number
  isFull: boolean
}

/**
 * The generator of changes in the demo's server (null when it cannot be reached), and the knobs. It stops when nobody asks.
 * @param address of a board's control requests
 */
export function useLoadOf(address: string) {
  const { state, turn } = useControl<Load>(address)
  return {
    load: state,
    setRate: useCallback((rate: number) => turn('/rate', { rate }), [turn]),
    setOpen: useCallback((open: boolean) => turn('/stream', { open }), [turn]),
  }
}

/** Asks the server for another log. Its path is another one, so the page starts over as well. */
export async function askForLog(address: string, body: object) {
  await fetch(address, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  location.reload()
}
