import { isRecord } from '../../shared/guards.ts'
import type { OutboxEntry } from '../core/outbox.ts'
import type { OutboxWrite } from '../ports.ts'
import { parsed, textOf } from './entry-text.ts'
import { isOutboxEntry } from './stored-guards.ts'

/**
 * Short entries with neighbouring numbers, stored as one record: a browser reads few records much faster than many, and text faster
 * than objects. An entry's number says which group has it, so nothing else has to know what a record holds.
 */
export interface EntryGroup {
  readonly group: number
  /** Entries by number. Any code of the origin can write there: values that cannot be understood stay. */
  readonly entries: ReadonlyMap<unknown, unknown>
}

/** Another number is another format: a stored entry would be looked for in another group. */
const NUMBERS_OF_A_GROUP = 50

/** The group of the entry with this number. */
export const groupOf = (number: number): number => Math.floor((number - 1) / NUMBERS_OF_A_GROUP)

/** Short entries as text, and all others. */
export interface SplitEntries {
  readonly texts: ReadonlyMap<number, string>
  readonly long: ReadonlyArray<OutboxEntry>
}

export function split(entries: ReadonlyArray<OutboxEntry>): SplitEntries {
  const texts = new Map<number, string>()
  const long: OutboxEntry[] = []
  for (const entry of entries) {
    const text = textOf(entry)
    if (text === null) long.push(entry)
    else texts.set(entry.number, text)
  }
  return { texts, long }
}

/** Stored groups by their number; undefined where none is stored. */
export type GroupRecords = ReadonlyMap<number, unknown>

/** The values in the record of a group, not checked yet; one null for a record that is no group. */
export const entriesIn = (record: unknown): ReadonlyArray<unknown> => (isEntryGroup(record) ? parsed([...record.entries.values()]) : [null])

export interface GroupChange {
  readonly changed: ReadonlyArray<EntryGroup>
  /** Groups without entries. */
  readonly dropped: ReadonlyArray<number>
  /** Numbers of short entries that have to be stored alone: the record of their group cannot be understood, and stays as it is. */
  readonly alone: ReadonlySet<number>
}

/** What a commit changes in the groups that it concerns. */
export function changeGroups(stored: GroupRecords, texts: ReadonlyMap<number, string>, { remove, replace }: Pick<OutboxWrite, 'remove' | 'replace'>): GroupChange {
  const puts = byGroup(texts)
  const changed: EntryGroup[] = []
  const dropped: number[] = []
  const alone = new Set<number>()
  for (const group of new Set([...stored.keys(), ...puts.keys()])) {
    const record = stored.get(group)
    const own = puts.get(group) ?? []
    if (record !== undefined && !isEntryGroup(record)) {
      for (const [number] of own) alone.add(number)
      continue
    }
    const before = [...(record?.entries ?? [])]
    const kept = replace ? before.filter(([, text]) => !isOutboxEntry(parsed([text])[0])) : before
    const entries = new Map([...kept, ...own])
    for (const number of remove) entries.delete(number)
    if (entries.size > 0) changed.push({ group, entries })
    else if (record) dropped.push(group)
  }
  return { changed, dropped, alone }
}

function byGroup(texts: ReadonlyMap<number, string>): ReadonlyMap<number, Array<[number, string]>> {
  const groups = new Map<number, Array<[number, string]>>()
  for (const each of texts) {
    const group = groupOf(each[0])
    const own = groups.get(group)
    if (own) own.push(each)
    else groups.set(group, [each])
  }
  return groups
}

const isEntryGroup = (value: unknown): value is EntryGroup => isRecord(value) && Number.isSafeInteger(value['group']) && value['entries'] instanceof Map
