import { createStreamDB as peer, type StreamDB, type StreamStateDefinition } from '@durable-streams/state/db'
export function createStreamDB<T extends StreamStateDefinition>(o: { streamOptions: any; state: T; worker?: unknown }) {
  const ls = new Set<() => void>()
  let snap = { connection: 'connecting', upToDate: false, stale: false, offset: '-1', persistedOffset: null as string | null, rows: 0, quarantined: { count: 0, lastReason: null as string | null }, unknown: 0, storage: 'memory', where: 'page', lastError: null as null | { code: string; message: string } }
  const upd = (c: Partial<typeof snap>) => { snap = { ...snap, ...c }; for (const l of ls) l() }
  const db = peer({ streamOptions: o.streamOptions, state: o.state, onBatch: (b) => queueMicrotask(() => upd({ connection: 'live', upToDate: b.upToDate, offset: b.offset, rows: Object.values(db.collections).reduce((n, c) => n + (c as any).size, 0) })) }) as StreamDB<T>
  return Object.assign(db, { status: { getSnapshot: () => snap, subscribe: (l: () => void) => (ls.add(l), () => void ls.delete(l)) }, reconnect() {}, clearCache: async () => {} })
}
