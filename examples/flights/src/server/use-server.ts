import { useCallback, useEffect, useRef, useState } from 'react'

export interface ServerState {
  open: boolean
  rate: number
  sent: number
  tail: string
}

const POLL_MS = 1000

async function call(path: string, body?: object): Promise<ServerState> {
  const post = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(`/demo${path}`, post)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return (await response.json()) as ServerState
}

/** The demo's server, which is not part of the synced data: its state (null when it cannot be reached) and its knobs. */
export function useServer() {
  const [state, setState] = useState<ServerState | null>(null)
  const asked = useRef(0)
  const ask = useCallback((path: string, change?: Partial<ServerState>) => {
    asked.current += 1
    const turn = asked.current
    // An answer that was overtaken by a later request would show the old position of a knob for a moment.
    const show = (answer: ServerState | null) => {
      if (turn === asked.current) setState(answer)
    }
    if (change) setState((current) => current && { ...current, ...change })
    call(path, change).then(show, () => show(null))
  }, [])

  useEffect(() => {
    ask('/state')
    const timer = setInterval(() => {
      if (!document.hidden) ask('/state')
    }, POLL_MS)
    return () => clearInterval(timer)
  }, [ask])

  return {
    state,
    setOpen: useCallback((open: boolean) => ask('/stream', { open }), [ask]),
    setRate: useCallback((rate: number) => ask('/rate', { rate }), [ask]),
  }
}
