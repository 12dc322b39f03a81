import { useOutbox } from '../use-db.ts'

/** The rows, as `collection/key`, that show a change which is not in the stream yet. Refused changes are not shown. */
export function usePending(): ReadonlySet<string> {
  const writes = useOutbox().filter(({ state }) => state !== 'parked')
  return new Set(writes.flatMap(({ mutations }) => mutations.map(({ collection, key }) => `${collection}/${key}`)))
}
