import { useEffect, useState } from 'react'
import { useOpened } from '../run/use-opened.ts'
import { type Name, type Params, resultOf, type Row } from './result.ts'
import { watch } from './watch.ts'

export interface Result<T> {
  /** The collection's id, by which the status has the query's cost. */
  id: string
  rows: readonly T[]
}

/** The rows of a panel's query; null until they are there. When the parameters change, the former ones stay until there are new ones. */
export function useResult<N extends Name>(name: N, ...params: Params<N>): Result<Row<N>> | null {
  const opened = useOpened()
  const [result, setResult] = useState<Result<Row<N>> | null>(null)
  const key = JSON.stringify(params)
  useEffect(() => {
    let end: (() => void) | null = null
    let isOver = false
    void opened.ready.then(() => {
      if (isOver) return
      const collection = resultOf(opened, name, JSON.parse(key) as Params<N>)
      end = watch(collection, (rows) => setResult({ id: collection.id, rows }))
    })
    return () => {
      isOver = true
      end?.()
    }
  }, [opened, name, key])
  return result
}
