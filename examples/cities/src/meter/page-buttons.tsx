import { Suspense, useState } from 'react'
import { useOpened } from '../side/use-source.ts'

function ClearCacheButton() {
  const { clearCache } = useOpened().source
  const [cleared, setCleared] = useState(false)
  if (clearCache === undefined) return null
  // The rows go with the cache, so the page starts over.
  const clear = () => {
    setCleared(true)
    void clearCache().finally(() => location.reload())
  }
  return (
    <button type="button" className="button" title="Forgets the rows that are stored, and reloads the page" onClick={clear} disabled={cleared}>
      Clear cache
    </button>
  )
}

export function PageButtons() {
  return (
    <div className="buttons">
      <Suspense>
        <ClearCacheButton />
      </Suspense>
      <button type="button" className="button button-strong" onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  )
}
