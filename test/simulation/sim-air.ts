import type { Channel } from '../../src/worker/ports.ts'
import type { Process, World } from './world.ts'

interface Receiver {
  readonly process: Process
  readonly hear: (message: unknown) => void
}

/** Channels between all workers of a device. What is said arrives in any order; in bad air some of it is lost, or comes twice. */
export class SimAir {
  readonly #world: World
  readonly #receivers = new Map<string, Set<Receiver>>()
  /** Probability that a message is lost, and that it comes twice. */
  badness = 0
  /** Called with all that is said. */
  onSaid: (message: unknown) => void = () => undefined

  constructor(world: World) {
    this.#world = world
  }

  open(process: Process, name: string, hear: (message: unknown) => void): Channel {
    const receiver = { process, hear }
    const all = this.#receivers.get(name) ?? new Set()
    this.#receivers.set(name, all.add(receiver))
    const close = (): void => {
      all.delete(receiver)
    }
    process.onDeath(close)
    return {
      post: (message) => {
        this.onSaid(message)
        if (all.has(receiver)) this.#spread(name, message, receiver)
      },
      close,
    }
  }

  /** Says something on any channel that somebody listens to. */
  intrude(message: (name: string) => unknown): void {
    const names = [...this.#receivers].flatMap(([name, { size }]) => (size > 0 ? [name] : []))
    if (names.length === 0) return
    const name = this.#world.random.pick(names)
    this.#spread(name, message(name), null)
  }

  #spread(name: string, message: unknown, sender: Receiver | null): void {
    const { random } = this.#world
    for (const receiver of this.#receivers.get(name) ?? []) {
      if (receiver === sender) continue
      const copies = random.chance(this.badness) ? (random.chance(0.5) ? 0 : 2) : 1
      for (let copy = 0; copy < copies; copy += 1) {
        const data = structuredClone(message)
        this.#world.after(receiver.process, random.below(8), () => {
          if (this.#receivers.get(name)?.has(receiver)) receiver.hear(data)
        })
      }
    }
  }
}
