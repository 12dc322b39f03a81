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

/** The row that arrives at `index`: 7 fields, about 125 bytes of JSON, the same in every run. */
export function rowAt(index, updatedAt = EPOCH + index * 977) {
  const seed = mix(index ^ 0x5bd1e995)
  return {
    id: keyAt(index),
    title: `${subjects[seed % 8]} ${seed.toString(36)}`,
    team: teams[(seed >>> 3) % 7],
    status: states[(seed >>> 6) % 4],
    owner: people[(seed >>> 8) % 8],
    points: (seed >>> 11) % 100,
    updatedAt,
  }
}

export function* insertEvents(count) {
  for (let index = 0; index < count; index += 1) {
    yield { type: 'row', key: keyAt(index), value: rowAt(index), headers: { operation: 'insert' } }
  }
}

/** What happened between two visits: `size` rows of `count`, spread over the stream, changed at `updatedAt`. */
export function updateEvents(count, size, updatedAt) {
  return Array.from({ length: Math.min(size, count) }, (_, step) => {
    const index = Math.floor(((step + 0.5) * count) / size)
    return { type: 'row', key: keyAt(index), value: rowAt(index, updatedAt), headers: { operation: 'update' } }
  })
}
