/** Few different texts: row `n` has `words[places[n]]`. */
export interface Words {
  readonly words: ReadonlyArray<string>
  readonly places: Uint8Array
}

/** Texts of one byte a character, one after the other, with the length of each: a clone takes one text in place of many. */
export interface Texts {
  readonly text: string
  readonly lengths: Uint16Array
}

/**
 * The values of one field, row by row, in the form that costs the least to clone and to store (the benchmark's case `columns`;
 * docs/decisions/0038): a number takes 4 or 8 bytes, a text of few different ones a single byte, other texts are joined. The values
 * are the same again.
 */
export type Column = ReadonlyArray<unknown> | Int32Array | Float64Array | Words | Texts

const LONGEST_TEXT = 0xffff
/** In one text, a single character of two bytes would make all others as long. */
const TWO_BYTES = /[^\0-\xff]/

const MOST_WORDS = 128
/** Texts that are looked at before most of them must have come before. */
const FIRST_WORDS = 16

/** @param values at least one; not changed afterwards */
export function toColumn(values: ReadonlyArray<unknown>): Column {
  if (typeof values[0] === 'number') return numbers(values) ?? values
  if (typeof values[0] === 'string') return words(values) ?? texts(values) ?? values
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

function texts(values: ReadonlyArray<unknown>): Texts | null {
  const lengths = new Uint16Array(values.length)
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]
    if (typeof value !== 'string' || value.length > LONGEST_TEXT) return null
    lengths[index] = value.length
  }
  const text = values.join('')
  return TWO_BYTES.test(text) ? null : { text, lengths }
}

/** The values of the rows from `start` up to `end`. */
export function valuesIn(column: Column, start: number, end: number): ReadonlyArray<unknown> {
  // Plain loops: they take a third of the time of `Array.from`.
  const values: unknown[] = []
  if ('words' in column) {
    const { words, places } = column
    for (let index = start; index < end; index += 1) values.push(words[places[index]!])
  } else if ('text' in column) {
    const { text, lengths } = column
    let at = 0
    for (let index = 0; index < start; index += 1) at += lengths[index]!
    for (let index = start; index < end; index += 1) values.push(text.slice(at, (at += lengths[index]!)))
  } else {
    for (let index = start; index < end; index += 1) values.push(column[index])
  }
  return values
}

/** Whether an untrusted value is a column of `count` values. */
export function isColumn(value: unknown, count: number): value is Column {
  if (Array.isArray(value) || value instanceof Int32Array || value instanceof Float64Array) return value.length === count
  if (typeof value !== 'object' || value === null) return false
  const { words, places, text, lengths } = value as Partial<Words & Texts>
  if (typeof text === 'string') {
    return lengths instanceof Uint16Array && lengths.length === count && lengths.reduce((sum, length) => sum + length, 0) === text.length
  }
  if (!Array.isArray(words) || !(places instanceof Uint8Array) || places.length !== count) return false
  return words.every((word) => typeof word === 'string') && places.every((place) => place < words.length)
}
