import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { PendingWrite, Write } from '../../src/shared/write.ts'
import { writeDigest } from '../../src/worker/core/write-digest.ts'
import { Outbox, pendingOf, WRITE_TRANSITIONS, type FrozenRequest, type OutboxChange, type OutboxEntry, type OutboxHead, type RecentWrite, type Verdict, type WriteEvent, type WritePhase } from '../../src/worker/core/outbox.ts'

// Thousands of runs take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const EVENTS = ['freeze', 'accept', 'see', 'refuse', 'thaw', 'settle', 'retry', 'discard'] as const satisfies readonly WriteEvent[]

/** What is to follow each event, in the order of `EVENTS`. */
const TABLE: Record<WritePhase, readonly WritePhase[]> = {
  stored: ['sent', 'stored', 'confirmed', 'parked', 'stored', 'stored', 'stored', 'gone'],
  sent: ['sent', 'confirmed', 'confirmed', 'parked', 'stored', 'sent', 'sent', 'sent'],
  confirmed: ['confirmed', 'confirmed', 'confirmed', 'confirmed', 'confirmed', 'gone', 'confirmed', 'confirmed'],
  parked: ['parked', 'parked', 'confirmed', 'parked', 'parked', 'parked', 'stored', 'gone'],
  gone: ['gone', 'gone', 'gone', 'gone', 'gone', 'gone', 'gone', 'gone'],
}
const PHASES = Object.keys(TABLE) as WritePhase[]

describe('the phases of a write', () => {
  test('are those of the table, with every event in each', () => {
    expect(Object.keys(WRITE_TRANSITIONS).sort()).toEqual([...PHASES].sort())
    for (const phase of PHASES) expect(EVENTS.map((event) => WRITE_TRANSITIONS[phase][event])).toEqual(TABLE[phase])
    for (const events of Object.values(WRITE_TRANSITIONS)) expect(Object.keys(events).sort()).toEqual([...EVENTS].sort())
  })
})

const write = (id: string): Write => ({ id, createdAt: 0, mutations: [{ kind: 'put', collection: 'items', key: id, value: { id }, operation: 'insert' }] })
const encode = ({ id }: Write): string => JSON.stringify(id)
const idsOf = ({ body }: FrozenRequest): string[] => JSON.parse(`[${body}]`) as string[]
/** The writes of an outbox as the application sees them, in order. */
const pendingIn = (outbox: Outbox): PendingWrite[] => [...outbox.entries].flatMap((entry) => pendingOf(entry) ?? [])
const isBad = (id: string): boolean => id.startsWith('bad')
const offsetOf = (count: number): string => String(count).padStart(6, '0')

/** A stream with idempotent producers, as the protocol has them. */
class Server {
  readonly ids: string[] = []
  readonly noticesRepetition: boolean
  #producer: { epoch: number; seq: number } | null = null

  constructor(noticesRepetition: boolean) {
    this.noticesRepetition = noticesRepetition
  }

  append(request: FrozenRequest): Verdict {
    const ids = idsOf(request)
    if (ids.some(isBad)) return refused
    if (!this.noticesRepetition) {
      this.ids.push(...ids)
      return { kind: 'accepted', offset: null }
    }
    const known = this.#producer
    if (known === null ? request.seq > 0 : request.epoch === known.epoch && request.seq > known.seq + 1) return { kind: 'forgotten' }
    if (known !== null && request.epoch < known.epoch) return { kind: 'fenced', epoch: known.epoch }
    if (known !== null && request.epoch > known.epoch && request.seq > 0) return refused
    if (known === null || request.epoch > known.epoch || request.seq > known.seq) {
      this.ids.push(...ids)
      this.#producer = { epoch: request.epoch, seq: request.seq }
    }
    return { kind: 'accepted', offset: offsetOf(this.ids.length) }
  }

  forget(): void {
    this.#producer = null
  }

  /** A copy of the outbox's storage has written. */
  fence(): void {
    this.#producer = { epoch: (this.#producer?.epoch ?? 0) + 1, seq: 0 }
  }
}

const refused: Verdict = { kind: 'refused', error: { code: 'STREAM_ERROR', message: 'no', retryable: false, status: 400 }, isOfAll: false }
const closed: Verdict = { ...refused, isOfAll: true }

/** An engine's storage, its outbox, and how far it has read. */
class Device {
  readonly server: Server
  #chance = 1
  outbox = Outbox.empty('p', () => this.#random())
  readonly acknowledged: string[] = []
  /** Writes that the application has sent again, after others. */
  readonly retried = new Set<string>()
  readonly discarded = new Set<string>()
  /** Requests that are still on their way, or that a network has copied. */
  readonly underway: FrozenRequest[] = []
  #entries = new Map<number, OutboxEntry>()
  #head: OutboxHead = this.outbox.head
  #recent: ReadonlyArray<RecentWrite> = []
  #read = 0
  #cached = 0

  constructor({ noticesRepetition = true } = {}) {
    this.server = new Server(noticesRepetition)
  }

  /** Writes whose rows the cache holds. */
  get cachedIds(): ReadonlyArray<string> {
    return this.server.ids.slice(0, this.#cached)
  }

  #random(): number {
    this.#chance = (this.#chance * 48_271) % 2_147_483_647
    return this.#chance / 2_147_483_647
  }

  store({ put, remove, head, recent }: OutboxChange): void {
    for (const entry of put) this.#entries.set(entry.number, entry)
    for (const number of remove) this.#entries.delete(number)
    this.#head = head
    this.#recent = recent ?? this.#recent
  }

  write(id: string): void {
    this.store(this.outbox.add(write(id)))
    this.acknowledged.push(id)
  }

  /** A tab hands on a write again whose acknowledgement it has not got. */
  writeAgain(): void {
    const id = this.acknowledged[Math.floor(this.#random() * this.acknowledged.length)]
    if (id !== undefined && !this.discarded.has(id)) this.store(this.outbox.add(write(id)))
  }

  /** @param fate what becomes of the request and of its answer */
  send(fate: 'answered' | 'answer-lost' | 'request-lost' | 'late' | 'refused-on-the-way' | 'all-refused' | 'copied'): void {
    if (this.outbox.isInDoubt) this.catchUp()
    if (this.outbox.hasUnsent) this.store(this.outbox.freeze(encode, offsetOf(this.#read)))
    const { request } = this.outbox
    if (request === null) return
    this.outbox.attempt()
    if (fate === 'late' || fate === 'copied') this.underway.push(request)
    const verdict = fate === 'refused-on-the-way' ? refused : fate === 'all-refused' ? closed : fate === 'late' || fate === 'request-lost' ? null : this.server.append(request)
    if (verdict === null || fate === 'answer-lost') this.outbox.failed({ code: 'OFFLINE', message: 'no answer', retryable: true }, this.server.noticesRepetition)
    else this.store(this.outbox.answered(verdict))
  }

  /** The application decides about the first parked write. */
  decide(event: 'retry' | 'discard'): void {
    const parked = pendingIn(this.outbox).find(({ state }) => state === 'parked')
    if (!parked) return
    this.store(this.outbox[event](parked.id)!)
    this[event === 'retry' ? 'retried' : 'discarded'].add(parked.id)
  }

  /** What a network has held back arrives; nobody waits for its answer. */
  arrive(): void {
    const request = this.underway.shift()
    if (request) this.server.append(request)
  }

  /** @param count messages; all of them when it is not given */
  read(count = Infinity): void {
    const to = Math.min(this.server.ids.length, this.#read + count)
    const txids = this.server.ids.slice(this.#read, to)
    this.#read = to
    if (txids.length > 0) this.store(this.outbox.seen(txids, offsetOf(to), to === this.server.ids.length))
  }

  /** Waits until no attempt can be on its way any more, and reads from the request's beginning to the stream's end: all before it sends again. */
  catchUp(): void {
    while (this.underway.length > 0) this.arrive()
    const end = offsetOf(this.server.ids.length)
    const { request } = this.outbox.head
    if (request !== null) this.store(this.outbox.seen(this.server.ids.slice(Number(request.since)), end, true))
    this.store(this.outbox.caughtUp(end))
  }

  flush(): void {
    this.#cached = this.#read
    this.store(this.outbox.settled(offsetOf(this.#cached)))
  }

  crash(): void {
    this.#read = this.#cached
    this.outbox = new Outbox(structuredClone(this.#head), [...structuredClone(this.#entries).values()].sort((a, b) => a.number - b.number), [...this.#recent], () => this.#random())
  }

  /** All goes well from now on. */
  rest(): void {
    // What is still on its way arrives before the last answer: no network holds a request for ever.
    while (this.underway.length > 0) this.arrive()
    for (let turn = 0; turn < 200; turn += 1) {
      this.read()
      this.send('answered')
    }
    this.catchUp()
    this.read()
    this.flush()
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant('write' as const) },
  { weight: 1, arbitrary: fc.constant('write-bad' as const) },
  { weight: 6, arbitrary: fc.constantFrom('answered' as const, 'answer-lost' as const, 'request-lost' as const, 'late' as const, 'copied' as const, 'refused-on-the-way' as const, 'all-refused' as const) },
  { weight: 1, arbitrary: fc.constant('write-again' as const) },
  { weight: 4, arbitrary: fc.constantFrom('read' as const, 'read-one' as const, 'flush' as const, 'arrive' as const) },
  { weight: 2, arbitrary: fc.constantFrom('crash' as const, 'forget' as const, 'fence' as const, 'retry' as const, 'discard' as const) },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function run(steps: ReadonlyArray<Step>, device = new Device()): Device {
  let count = 0
  for (const each of steps) {
    switch (each) {
      case 'write':
      case 'write-bad':
        device.write(`${each === 'write' ? 'good' : 'bad'} ${String((count += 1))}`)
        break
      case 'write-again':
        device.writeAgain()
        break
      case 'read':
        device.read()
        break
      case 'read-one':
        device.read(1)
        break
      case 'flush':
        device.flush()
        break
      case 'arrive':
        device.arrive()
        break
      case 'crash':
        device.crash()
        break
      case 'forget':
        // A server that forgets its producers while a request of theirs is on its way takes it for a first one: nothing helps.
        while (device.underway.length > 0) device.arrive()
        device.server.forget()
        break
      case 'fence':
        device.server.fence()
        break
      case 'retry':
      case 'discard':
        device.decide(each)
        break
      default:
        device.send(each)
    }
  }
  return device
}

/** Each acknowledged write is in the stream once and in order, or parked, or discarded. */
function expectWhole(device: Device): void {
  const { ids } = device.server
  expect(new Set(ids).size, `twice in the stream: ${ids.join()}`).toBe(ids.length)
  const parked = pendingIn(device.outbox).map(({ id, state }) => ({ id, state }))
  expect(parked.filter(({ state }) => state !== 'parked')).toEqual([])
  const kept = device.acknowledged.filter((id) => !device.discarded.has(id))
  expect([...ids, ...parked.map(({ id }) => id)].sort()).toEqual([...kept].sort())
  const inOrder = (all: ReadonlyArray<string>): string[] => all.filter((id) => ids.includes(id) && !device.retried.has(id))
  expect(inOrder(ids)).toEqual(inOrder(device.acknowledged))
  for (const id of device.acknowledged.filter(isBad)) expect(ids).not.toContain(id)
}

describe('an outbox', () => {
  test('brings each acknowledged write into the stream once and in order, or parks it, whatever is lost, late, copied, refused or forgotten', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const device = run(steps)
        device.rest()
        expectWhole(device)
      }),
      { numRuns: 3000 },
    )
  })

  test('does so too with a server that takes each repetition for a new request, when no network makes copies', () => {
    fc.assert(
      fc.property(fc.array(step.filter((each) => each !== 'copied'), { maxLength: 60 }), (steps) => {
        const device = run(steps, new Device({ noticesRepetition: false }))
        device.rest()
        expectWhole(device)
      }),
      { numRuns: 1000 },
    )
  })

  test('shows each acknowledged write until the cache has it, after any crash', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const device = run(steps)
        device.crash()
        const cached = new Set(device.cachedIds)
        for (const id of device.acknowledged) {
          const entry = [...device.outbox.entries].find((each) => each.write.id === id)
          expect(entry !== undefined || cached.has(id) || device.discarded.has(id), id).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('parks one bad write of a hundred after few requests; ninety-nine arrive', () => {
    const device = new Device()
    for (let number = 0; number < 100; number += 1) device.write(number === 37 ? 'bad' : `good ${String(number)}`)
    let requests = 0
    while (device.outbox.hasUnsent) {
      device.send('answered')
      requests += 1
    }
    expect(device.server.ids).toHaveLength(99)
    expect(pendingIn(device.outbox)).toMatchObject([{ id: 'bad', state: 'parked', error: { status: 400 } }])
    expect(requests).toBeLessThan(25)
  })

  test('stores a write once that a tab hands on again after a fail-over', () => {
    const outbox = Outbox.empty('p', () => 0)
    expect(outbox.add(write('a'))).toMatchObject({ put: [{ number: 1 }], head: { nextNumber: 2 } })
    expect(outbox.add(write('a'))).toMatchObject({ put: [], head: { nextNumber: 2 } })
  })

  test('tells another write with the same id from the same one, also when that one is done with', () => {
    const device = new Device()
    device.write('a')
    const again = { ...write('a'), createdAt: 1 }
    const other = { ...write('b'), id: 'a' }
    const taken = (): boolean[] => [write('a'), again, other, write('b')].map((each) => device.outbox.isTaken(each))
    expect(taken()).toEqual([false, false, true, false])
    device.send('answered')
    device.read()
    device.flush()
    device.crash()
    expect(taken()).toEqual([false, false, true, false])
  })

  test('parks a write for which there is no event, and sends what is before and after it', () => {
    const device = new Device()
    for (const id of ['a', 'b', 'c']) device.write(id)
    const missing = { code: 'ROW_MISSING', message: 'gone', retryable: false } as const
    const bodies: string[][] = []
    while (device.outbox.hasUnsent) {
      const { put } = device.outbox.freeze((each) => (each.id === 'b' ? missing : encode(each)), offsetOf(0))
      expect(put).not.toEqual([])
      if (device.outbox.request === null) continue
      bodies.push(idsOf(device.outbox.request))
      device.outbox.answered({ kind: 'accepted', offset: null })
    }
    expect(bodies).toEqual([['a'], ['c']])
    expect(pendingIn(device.outbox)).toMatchObject([{ id: 'b', state: 'parked', error: missing, attempts: 0 }])
  })

  test('takes a write as seen when all of its events may have come: not with the first of several', () => {
    const two = (id: string): Write => ({ ...write(id), mutations: [...write(id).mutations, ...write('x').mutations] })
    const outboxOf = (...writes: Write[]): Outbox => {
      const outbox = Outbox.empty('p', () => 0)
      for (const each of writes) outbox.add(each)
      outbox.freeze(encode, offsetOf(0))
      return outbox
    }
    const seenOf = (outbox: Outbox): unknown[] => [...outbox.entries].map(({ phase, offset }) => (phase === 'confirmed' ? offset : phase))
    const outbox = outboxOf(two('a'), write('b'), two('c'), two('d'))
    outbox.seen(['a'], '1', false)
    expect(seenOf(outbox)).toEqual(['sent', 'sent', 'sent', 'sent'])
    outbox.seen(['a', 'b'], '2', false)
    expect(seenOf(outbox)).toEqual(['2', '2', 'sent', 'sent'])
    outbox.seen(['c', 'd'], '3', false)
    expect(seenOf(outbox)).toEqual(['2', '2', '3', 'sent'])
    // Nothing more may come, also when the last answer has no event of it.
    outbox.seen([], '4', true)
    expect([seenOf(outbox), outbox.head.request]).toEqual([['2', '2', '3', '4'], null])
    const lone = outboxOf(two('a'))
    lone.seen(['a'], '1', true)
    expect(seenOf(lone)).toEqual(['1'])
  })

  test('stores no write again that is in the stream and in the cache, also after a restart', () => {
    const device = new Device()
    device.write('a')
    device.send('answered')
    device.read()
    device.flush()
    expect([[...device.outbox.entries], device.outbox.recent]).toEqual([[], [{ id: 'a', digest: writeDigest(write('a')) }]])
    device.crash()
    expect(device.outbox.add(write('a')).put).toEqual([])
  })

  test('parks all writes of a request at once when the server refuses every append', () => {
    const device = new Device()
    for (const id of ['a', 'b', 'c']) device.write(id)
    device.send('all-refused')
    expect(pendingIn(device.outbox).map(({ state }) => state)).toEqual(['parked', 'parked', 'parked'])
    expect(device.outbox.hasUnsent).toBe(false)
  })

  test('holds a request that it finds in storage back until the stream has been read', () => {
    const device = new Device()
    device.write('a')
    device.send('answer-lost')
    device.crash()
    expect([device.outbox.isInDoubt, device.outbox.request]).toEqual([true, null])
    device.catchUp()
    expect([device.outbox.isInDoubt, pendingIn(device.outbox)]).toEqual([false, []])
  })

  test('lets no write be discarded that may have arrived', () => {
    const device = new Device()
    device.write('a')
    device.send('request-lost')
    expect(device.outbox.discard('a')).toBeNull()
    expect(device.outbox.retry('a')).toBeNull()
    expect(device.outbox.discard('b')).toBeNull()
  })

  test('sends at most a thousand writes in one request, and ten thousand in ten', () => {
    const device = new Device()
    for (let number = 0; number < 10_000; number += 1) device.write(String(number))
    let requests = 0
    for (; device.outbox.hasUnsent; requests += 1) device.send('answered')
    expect([requests, device.server.ids.length]).toEqual([10, 10_000])
    device.read()
    device.flush()
    expect([...device.outbox.entries]).toEqual([])
  })
})
