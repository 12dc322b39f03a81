/** mulberry32: small, fast, and good enough to explore with. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** An integer in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: ReadonlyArray<T>): T {
    return items[this.below(items.length)]!
  }
}

interface Task {
  readonly due: number
  readonly order: number
  readonly run: () => void
}

/** Everything that dies together: a worker with its timers, requests and transactions, or a tab. */
export class Process {
  readonly name: string
  #alive = true
  /** What would have happened while it is frozen; null when it is not. */
  #missed: (() => void)[] | null = null
  readonly #onDeath: (() => void)[] = []

  constructor(name: string) {
    this.name = name
  }

  get alive(): boolean {
    return this.#alive
  }

  onDeath(run: () => void): void {
    this.#onDeath.push(run)
  }

  get frozen(): boolean {
    return this.#missed !== null
  }

  /** Nothing happens in it until it thaws, and it does not notice. */
  freeze(): void {
    this.#missed ??= []
  }

  thaw(): void {
    const missed = this.#missed ?? []
    this.#missed = null
    for (const run of missed) run()
  }

  /** Runs now, when it thaws, or never. */
  run(task: () => void): void {
    if (this.#missed) this.#missed.push(() => { this.run(task) })
    else if (this.#alive) task()
  }

  kill(): void {
    this.#missed = null
    this.#alive = false
    for (const run of this.#onDeath.splice(0)) run()
  }
}

/** Virtual time. Nothing happens but by {@link step}, and what happens next is the seed's choice. */
export class World {
  readonly random: Random
  now = 0
  #order = 0
  readonly #tasks: Task[] = []

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  /** Runs `task` at `delayMs` from now, unless the process is dead by then. */
  after(process: Process, delayMs: number, run: () => void): () => void {
    const task: Task = { due: this.now + delayMs, order: (this.#order += 1), run: () => { process.run(run) } }
    this.#tasks.push(task)
    return () => {
      const index = this.#tasks.indexOf(task)
      if (index >= 0) this.#tasks.splice(index, 1)
    }
  }

  /** An answer from outside: it comes some time later, and never when the process has died. */
  io(process: Process, atMostMs = 20): Promise<void> {
    return new Promise((resolve) => {
      this.after(process, this.random.below(atMostMs), resolve)
    })
  }

  /** Runs one task: any of those that are due, else the next one in time. False when there is none. */
  async step(): Promise<boolean> {
    if (this.#tasks.length === 0) return false
    const due = this.#tasks.filter((task) => task.due <= this.now)
    const next = due.length > 0 ? this.random.pick(due) : this.#tasks.reduce((a, b) => (b.due < a.due || (b.due === a.due && b.order < a.order) ? b : a))
    this.#tasks.splice(this.#tasks.indexOf(next), 1)
    this.now = Math.max(this.now, next.due)
    next.run()
    await settle()
    return true
  }
}

/** Lets every promise that can go on do so. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
