import type { StreamDB } from 'sidestream'

/** Resolves when all that was read is stored. */
export function kept({ status }: Pick<StreamDB<Record<never, never>>, 'status'>): Promise<void> {
  const isKept = (): boolean => {
    const { offset, persistedOffset } = status.getSnapshot()
    return persistedOffset === offset
  }
  return new Promise((resolve) => {
    if (isKept()) return resolve()
    const unsubscribe = status.subscribe(() => {
      if (!isKept()) return
      unsubscribe()
      resolve()
    })
  })
}
