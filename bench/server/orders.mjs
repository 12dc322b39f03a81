// Odd, so multiplying by it modulo 2^32 is a bijection: every key is unique, and keys don't arrive in sorted order.
const SCATTER = 0x9e3779b1
const EPOCH = 1_760_000_000_000

const states = ['open', 'packed', 'shipped', 'returned']
const regions = ['north', 'east', 'south', 'west', 'centre']

export const CUSTOMERS = 300

const mix = (index) => Math.imul(index + 1, SCATTER) >>> 0
const orderKey = (index) => mix(index).toString(36).padStart(7, '0')
const customerKey = (index) => `c${String(index).padStart(3, '0')}`

/** The order that arrives at `index`: 6 fields, about 110 bytes of JSON. `at` is when it was written, and tells the age of what is shown. */
function orderAt(index, { at = EPOCH + index * 97, amount = mix(index ^ 0x5bd1e995) % 100_000 } = {}) {
  const seed = mix(index ^ 0x2c1b3c6d)
  return { id: orderKey(index), customer: customerKey(seed % CUSTOMERS), status: states[(seed >>> 9) % 4], pieces: 1 + ((seed >>> 11) % 9), amount, at }
}

const customerAt = (index) => ({ id: customerKey(index), name: `customer ${mix(index).toString(36)}`, region: regions[index % 5] })

const event = (type, operation, value) => ({ type, key: value.id, value, headers: { operation } })

/** The customers, then so many orders. */
export function* orderEvents(count) {
  for (let index = 0; index < CUSTOMERS; index += 1) yield event('customer', 'insert', customerAt(index))
  for (let index = 0; index < count; index += 1) yield event('order', 'insert', orderAt(index))
}

export const orderUpdate = (index, change) => event('order', 'update', orderAt(index, change))
