import { useEffect, useState } from 'react'
import { DEAREST, FOUND } from './first.ts'
import { formatValue } from './format.ts'
import { Panel } from './panel.tsx'
import { useResult } from './use-result.ts'

/** Not every letter starts a query. */
const PAUSE_MS = 150

export function Dearest() {
  return (
    <Panel name="dearest" title={`Top ${DEAREST} by value, under way`} result={useResult('dearest', { first: DEAREST })}>
      {(rows) => (
        <table className="list">
          <caption className="visually-hidden">The parcels under way that are worth most</caption>
          <tbody>
            {rows.map(({ id, city, state, value }) => (
              <tr key={id}>
                <th scope="row">{id}</th>
                <td>
                  {city} <span className="muted">{state}</span>
                </td>
                <td className="number">{formatValue(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  )
}

function usePaused(text: string): string {
  const [paused, setPaused] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text])
  return paused
}

export function Search() {
  const [text, setText] = useState('')
  const asked = usePaused(text.trim())
  const field = (
    <div className="panel-field">
      <input type="search" aria-label="Search recipients" placeholder="A recipient’s name: García, or ada" value={text} onChange={(event) => setText(event.target.value)} />
    </div>
  )
  return (
    <Panel name="search" title="Search, as you type" result={useResult('search', { text: asked, first: FOUND })} before={field}>
      {(rows) =>
        rows.length === 0 ? (
          <p className="empty">No parcel matches.</p>
        ) : (
          <table className="list">
            <caption className="visually-hidden">The first parcels whose recipient matches</caption>
            <tbody>
              {rows.map(({ id, to, state, weight }) => (
                <tr key={id}>
                  <th scope="row">{id}</th>
                  <td>
                    {to} <span className="muted">{state}</span>
                  </td>
                  <td className="number">{weight} kg</td>
                </tr>
              ))}
            </tbody>
          </table>
        )
      }
    </Panel>
  )
}
