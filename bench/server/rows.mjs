// Odd, so multiplying by it modulo 2^32 is a bijection: every key is unique, and keys don't arrive in sorted order.
const SCATTER = 0x9e3779b1
const EPOCH = 1_760_000_000_000

const teams = ['atlas', 'borealis', 'cinder', 'delta', 'ember', 'fjord', 'garnet']
const states = ['open', 'review', 'blocked', 'closed']
const people = ['mira', 'tomas', 'yusuf', 'ingrid', 'chen', 'paola', 'dele', 'anouk']
const subjects = ['pump', 'valve', 'rotor', 'sensor', 'gasket', 'filter', 'bearing', 'relay']

const mix = (index) => Math.imul(index + 1, SCATTER) >>> 0

/** Key of the row that arrives at `index`. */
export const keyAt = (index) => mix(index).toString(36).padStart(7, '0')

const seedOf = (index) => mix(index ^ 0x5bd1e995)

/** All `points` are below this number, except in records. They are spread evenly: few rows have equal points. */
export const POINTS = 1_000_000
export const pointsAt = (index) => Math.floor((seedOf(index) / 2 ** 32) * POINTS)

/** The row that arrives at `index`: 7 fields, about 130 bytes of JSON, the same in every run. */
export function rowAt(index, { updatedAt = EPOCH + index * 977, points = pointsAt(index) } = {}) {
  const seed = seedOf(index)
  return {
    id: keyAt(index),
    title: `${subjects[seed % 8]} ${seed.toString(36)}`,
    team: teams[(seed >>> 3) % 7],
    status: states[(seed >>> 6) % 4],
    owner: people[(seed >>> 8) % 8],
    points,
    updatedAt,
  }
}

export function* insertEvents(count) {
  for (let index = 0; index < count; index += 1) {
    yield { type: 'row', key: keyAt(index), value: rowAt(index), headers: { operation: 'insert' } }
  }
}

export const updateEvent = (index, change) => ({
  type: 'row',
  key: keyAt(index),
  value: rowAt(index, change),
  headers: { operation: 'update' },
})
