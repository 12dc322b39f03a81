'use client'

import { useLiveQuery } from '@tanstack/react-db'
import { useSyncExternalStore } from 'react'
import { db } from './db.js'

export default function Page() {
  const { connection } = useSyncExternalStore(db.status.subscribe, db.status.getSnapshot, db.status.getServerSnapshot)
  const { data, isReady } = useLiveQuery({ query: (q) => q.from({ u: db.collections.users }) })
  return (
    <main>
      {`${connection}, ${isReady ? 'ready' : 'loading'}, ${data.length} rows`}
    </main>
  )
}
