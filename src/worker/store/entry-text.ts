import type { OutboxEntry } from '../core/outbox.ts'

/**
 * The most text of a short write, in UTF-16 code units. A change of one entry stores all of its group again, and a browser keeps a
 * record of more than 64 kB in a file of its own. Another number is another format: an entry that is stored already would be stored a
 * second time, in the other place.
 */
const MOST_SHORT_TEXT = 1000

/**
 * The entry as JSON; null when its write is not short, or would come out of JSON as another one. Which of the two depends on the write
 * alone, and a write never changes: so an entry stays in the store in which it was put first.
 */
export function textOf({ write, ...rest }: OutboxEntry): string | null {
  if (!isExact(write)) return null
  const text = JSON.stringify(write)
  return text.length > MOST_SHORT_TEXT ? null : `${JSON.stringify(rest).slice(0, -1)},"write":${text}}`
}

/** What the texts say, in their order: null where a text cannot be understood. */
export function parsed(texts: ReadonlyArray<unknown>): unknown[] {
  try {
    // One text for all of them takes much less time than one for each.
    const values = JSON.parse(`[${texts.join(',')}]`) as unknown[]
    if (values.length === texts.length && texts.every((text) => typeof text === 'string')) return values
  } catch {
    // Each of them is tried alone.
  }
  return texts.map((text) => {
    try {
      return JSON.parse(text as string) as unknown
    } catch {
      return null
    }
  })
}

/** Whether JSON keeps the value exactly as structured cloning does. */
function isExact(value: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== 'object') return false
  if (Array.isArray(value)) return Object.keys(value).length === value.length && value.every(isExact)
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isExact)
}
