import { useCallback, useEffect, useRef, useState } from 'react'

const POLL_MS = 1000

async function call<State>(address: string, body?: object): Promise<State> {
  const post = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(address, post)
  if (!response.ok) throw new Error(`${address}: ${response.status}`)
  return (await response.json()) as State
}

/**
 * A board's server, which is not part of the synced data: its state (null when it cannot be reached) and a way to turn its
 * knobs. A knob that says what it sets shows it before the server has answered.
 */
export function useControl<State extends object>(address: string) {
  const [state, setState] = useState<State | null>(null)
  const asked = useRef(0)
  const ask = useCallback(
    (path: string, change?: Partial<State>) => {
      asked.current += 1
      const turn = asked.current
      // An answer that was overtaken by a later request would show the old position of a knob for a moment.
      const show = (answer: State | null) => {
        if (turn === asked.current) setState(answer)
      }
      if (change) setState((current) => current && { ...current, ...change })
      call<State>(address + path, change).then(show, () => show(null))
    },
    [address],
  )

  useEffect(() => {
    ask('/state')
    const timer = setInterval(() => {
      if (!document.hidden) ask('/state')
    }, POLL_MS)
    return () => clearInterval(timer)
  }, [ask])

  return { state, turn: ask as (path: string, change: Partial<State>) => void }
}
