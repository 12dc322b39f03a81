import type { Node } from './dom.ts'
import { count } from './format.ts'
import type { View } from './look.ts'
import { collections } from './sections/collections.ts'
import { events, quarantine } from './sections/events.ts'
import { outbox, type OutboxActions } from './sections/outbox.ts'
import { overview } from './sections/overview.ts'
import { queries } from './sections/queries.ts'
import { storage } from './sections/storage.ts'

export interface Section {
  readonly id: string
  readonly name: string
  /** What waits for the user, or is wrong; null says nothing. */
  readonly alert: (view: View) => string | null
  readonly draw: (view: View, actions: OutboxActions) => ReadonlyArray<Node>
}

const none = (): null => null
const some = (number: number): string | null => (number > 0 ? count(number) : null)

export const SECTIONS: ReadonlyArray<Section> = [
  { id: 'overview', name: 'Overview', alert: none, draw: overview },
  { id: 'collections', name: 'Collections', alert: none, draw: collections },
  { id: 'queries', name: 'Queries', alert: ({ status }) => some(Object.keys(status.fallbacks).length), draw: queries },
  { id: 'outbox', name: 'Outbox', alert: (view) => some(view.outbox.length), draw: outbox },
  { id: 'quarantine', name: 'Quarantine', alert: ({ status }) => some(status.quarantined.count), draw: quarantine },
  { id: 'events', name: 'Events', alert: none, draw: events },
  { id: 'storage', name: 'Storage', alert: none, draw: storage },
]
