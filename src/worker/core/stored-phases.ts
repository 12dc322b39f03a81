import type { OutboxEntry, OutboxHead } from './outbox.ts'

/** The entries from the number `first` to the number `last` are confirmed, and their events are at or before the offset. */
export interface ConfirmedRun {
  readonly first: number
  readonly last: number
  readonly offset: string | null
}

/** A head as it is stored. It also says which entries are sent or confirmed: these entries need not be stored again for that. */
export interface StoredHead extends OutboxHead {
  /** In order. A head without this field says nothing about confirmed entries. */
  readonly confirmed?: ReadonlyArray<ConfirmedRun>
}

/** Whether the stored head tells the entry's phase: the entry's number is in the request, or in a run. */
export const isToldByHead = ({ phase }: OutboxEntry): boolean => phase === 'sent' || phase === 'confirmed'

/** @param entries in the order of their numbers */
export function storedHead(head: OutboxHead, entries: Iterable<OutboxEntry>): StoredHead {
  const confirmed: ConfirmedRun[] = []
  // A run may span numbers without an entry: no new entry gets such a number.
  let isOpen = false
  for (const { number, phase, offset } of entries) {
    const last = confirmed.at(-1)
    if (phase === 'confirmed' && isOpen && last?.offset === offset) confirmed[confirmed.length - 1] = { ...last, last: number }
    else if (phase === 'confirmed') confirmed.push({ first: number, last: number, offset })
    isOpen = phase === 'confirmed'
  }
  return { ...head, confirmed }
}

/** The stored entries, with the phases that the stored head tells. @param entries in the order of their numbers */
export function toldByHead({ request, confirmed = [] }: StoredHead, entries: Iterable<OutboxEntry>): OutboxEntry[] {
  const requested = new Set(request?.numbers)
  const runs = confirmed.values()
  let run = runs.next().value
  return [...entries].map((entry) => {
    while (run && run.last < entry.number) run = runs.next().value
    if (run && run.first <= entry.number) return { ...entry, phase: 'confirmed', offset: run.offset, error: null }
    return entry.phase === 'stored' && requested.has(entry.number) ? { ...entry, phase: 'sent' } : entry
  })
}
