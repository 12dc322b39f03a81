import { useCallback } from 'react'
import { useControl } from '../../../shared/use-control.ts'

interface ServerState {
  open: boolean
  rate: number
  sent: number
  tail: string
}

/** The flights' server: its state (null when it cannot be reached) and its knobs. */
export function useServer() {
  const { state, turn } = useControl<ServerState>('/demo/flights')
  return {
    state,
    setOpen: useCallback((open: boolean) => turn('/stream', { open }), [turn]),
    setRate: useCallback((rate: number) => turn('/rate', { rate }), [turn]),
  }
}
