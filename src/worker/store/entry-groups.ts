import { isRecord } from '../../shared/guards.ts'
import type { OutboxEntry } from '../core/outbox.ts'
import type { OutboxWrite } from '../ports.ts'
import { isOutboxEntry } from './stored-guards.ts'

/**
 * Short entries with neighbouring numbers, stored as one record: a browser reads 200 records of 50 entries three times as fast as
 * 10,000 records. An entry's number says which group has it, so nothing else has to know what a record holds.
 */
export interface EntryGroup {
  readonly group: number
  /** In the order of their numbers. What is no entry was written by other code, and stays. */
  readonly entries: ReadonlyArray<unknown>
}

/** Whoever changes this number, or {@link MOST_SHORT_TEXT}, changes the format: a stored entry is looked for where they say. */
const NUMBERS_OF_A_GROUP = 50
/**
 * A write with more text than this, in UTF-16 code units, is stored alone. A change of one entry stores its group again, and a browser
 * keeps a record of more than 64 kB in a file of its own.
 */
const MOST_SHORT_TEXT = 1000

/** The group of the entry with this number. */
export const groupOf = (number: number): number => Math.floor((number - 1) / NUMBERS_OF_A_GROUP)

/** Whether the entry belongs into a group. It depends on the entry's write alone, which never changes. */
export function isShort({ write }: OutboxEntry): boolean {
  try {
    return JSON.stringify(write.mutations).length <= MOST_SHORT_TEXT
  } catch {
    return false
  }
}

/** Stored groups by their number; undefined where none is stored. Any code of the origin can write there. */
export type GroupRecords = ReadonlyMap<number, unknown>

/** The values that a record of groups holds, which may be no entries. */
export const valuesIn = (record: unknown): ReadonlyArray<unknown> => (isEntryGroup(record) ? record.entries : [record])

export interface GroupChange {
  readonly changed: ReadonlyArray<EntryGroup>
  readonly dropped: ReadonlyArray<number>
  /** Entries that have to be stored alone: the record of their group cannot be understood, and stays as it is. */
  readonly alone: ReadonlyArray<OutboxEntry>
}

/** What a write to the outbox changes in the groups that it concerns; `put` has short entries only. */
export function changeGroups(stored: GroupRecords, { put, remove, replace }: Pick<OutboxWrite, 'put' | 'remove' | 'replace'>): GroupChange {
  const puts = byGroup(put)
  const gone = new Set(remove)
  const changed: EntryGroup[] = []
  const dropped: number[] = []
  const alone: OutboxEntry[] = []
  for (const group of new Set([...stored.keys(), ...puts.keys()])) {
    const record = stored.get(group)
    const own = puts.get(group) ?? []
    if (record !== undefined && !isEntryGroup(record)) {
      alone.push(...own)
      continue
    }
    const before = record?.entries ?? []
    const entries = [...before.filter((value) => !isOutboxEntry(value)), ...inOrder([...(replace ? [] : before.filter(isOutboxEntry)), ...own], gone)]
    if (entries.length > 0) changed.push({ group, entries })
    else if (record) dropped.push(group)
  }
  return { changed, dropped, alone }
}

function byGroup(entries: ReadonlyArray<OutboxEntry>): ReadonlyMap<number, OutboxEntry[]> {
  const groups = new Map<number, OutboxEntry[]>()
  for (const entry of entries) {
    const group = groupOf(entry.number)
    const own = groups.get(group)
    if (own) own.push(entry)
    else groups.set(group, [entry])
  }
  return groups
}

/** Of several entries with the same number the last one counts. */
function inOrder(entries: ReadonlyArray<OutboxEntry>, gone: ReadonlySet<number>): OutboxEntry[] {
  const latest = new Map(entries.map((entry) => [entry.number, entry]))
  return [...latest.values()].filter(({ number }) => !gone.has(number)).sort((a, b) => a.number - b.number)
}

const isEntryGroup = (value: unknown): value is EntryGroup => isRecord(value) && Number.isSafeInteger(value['group']) && Array.isArray(value['entries'])
