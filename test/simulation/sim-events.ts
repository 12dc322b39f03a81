import type { Random } from './world.ts'

/** A random message: mostly change events of few keys, so that they meet; some control events; some of everything else. */
export class EventMaker {
  readonly #random: Random
  #count = 0

  constructor(random: Random) {
    this.#random = random
  }

  message(): unknown[] {
    return Array.from({ length: 1 + this.#random.below(this.#random.chance(0.05) ? 40 : 4) }, () => this.#item())
  }

  #item(): unknown {
    const { random } = { random: this.#random }
    this.#count += 1
    const roll = random.below(100)
    if (roll < 3) return { headers: { control: 'reset', offset: `c${String(this.#count)}` } }
    if (roll < 8) return { headers: { control: 'snapshot-start', offset: `c${String(this.#count)}` } }
    if (roll < 13) return { headers: { control: 'snapshot-end', offset: `c${String(this.#count)}` } }
    if (roll < 20) return this.#garbage()
    const type = roll < 24 ? 'stranger' : random.pick(['user', 'item'])
    const key = random.chance(0.05) ? random.pick(['__proto__', 'constructor']) : `k${String(random.below(12))}`
    // Unique, so that no two lives of a stream have an event in common.
    const headers = { timestamp: String(this.#count), ...(random.chance(0.3) ? { txid: `t${String(this.#count)}` } : {}) }
    if (random.chance(0.2)) return { type, key, headers: { ...headers, operation: 'delete' } }
    const value = random.chance(0.04) ? random.pick<unknown>([1, 'text', null, [1]]) : { n: this.#count, ...(random.chance(0.5) ? { id: key } : {}) }
    return { type, key, value, headers: { ...headers, operation: random.pick(['insert', 'update', 'upsert']) } }
  }

  #garbage(): unknown {
    return this.#random.pick<unknown>([
      null,
      this.#count,
      'text',
      [],
      {},
      { headers: null },
      { headers: { operation: 'explode', timestamp: String(this.#count) }, type: 'user', key: 'k1', value: {} },
      { headers: { operation: 'insert' }, type: 'user', key: '', value: { n: this.#count } },
      { headers: { operation: 'insert' }, type: 'user', key: 'k1' },
      { headers: { operation: 'insert', control: 'reset' }, type: 'user', key: 'k1', value: {} },
      { headers: { control: 'explode' } },
    ])
  }
}
