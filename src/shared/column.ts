/** Few different texts: row `n` has `words[places[n]]`. */
export interface Words {
  readonly words: ReadonlyArray<string>
  readonly places: Uint8Array
}

/**
 * The values of one field, row by row, in the form that costs the least to clone and to store (the benchmark's case `columns`;
 * docs/decisions/0038): a number takes 4 or 8 bytes, a text of few different ones a single byte. The values are the same again.
 */
export type Column = ReadonlyArray<unknown> | Int32Array | Float64Array | Words

const MOST_WORDS = 128
/** Texts that are looked at before most of them must have come before. */
const FIRST_WORDS = 16

/** @param values at least one; not changed afterwards */
export function toColumn(values: ReadonlyArray<unknown>): Column {
  if (typeof values[0] === 'number') return numbers(values) ?? values
  if (typeof values[0] === 'string') return words(values) ?? values
  return values
}

function numbers(values: ReadonlyArray<unknown>): Column | null {
  let isWhole = true
  for (const value of values) {
    if (typeof value !== 'number') return null
    // As an Int32 a negative zero would lose its sign.
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) isWhole = false
  }
  return isWhole ? Int32Array.from(values as number[]) : Float64Array.from(values as number[])
}

function words(values: ReadonlyArray<unknown>): Words | null {
  const known = new Map<string, number>()
  const places = new Uint8Array(values.length)
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]
    if (typeof value !== 'string') return null
    let place = known.get(value)
    if (place === undefined) {
      place = known.size
      if (place === MOST_WORDS || place > FIRST_WORDS + index / 4) return null
      known.set(value, place)
    }
    places[index] = place
  }
  return { words: [...known.keys()], places }
}

export const isWords = (column: Column): column is Words => 'words' in column

export function valuesIn(column: Column): ReadonlyArray<unknown> {
  if (isWords(column)) return Array.from(column.places, (place) => column.words[place])
  return Array.isArray(column) ? (column as ReadonlyArray<unknown>) : Array.from(column as Int32Array | Float64Array)
}

/** Whether an untrusted value is a column of `count` values. */
export function isColumn(value: unknown, count: number): value is Column {
  if (Array.isArray(value) || value instanceof Int32Array || value instanceof Float64Array) return value.length === count
  if (typeof value !== 'object' || value === null) return false
  const { words: texts, places } = value as Partial<Words>
  if (!Array.isArray(texts) || !(places instanceof Uint8Array) || places.length !== count) return false
  return texts.every((text) => typeof text === 'string') && places.every((place) => place < texts.length)
}
