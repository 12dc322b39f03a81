import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { EngineEnv } from '../../src/worker/ports.ts'
import type { Frame, Side } from '../../src/worker/leadership/messages.ts'
import { Wire } from '../../src/worker/leadership/wire.ts'
import { ManualClock } from '../contract/manual-clock.ts'

const TERM = 7

/** A channel on which nothing arrives before the test says so. */
class Air {
  readonly sent: Frame[] = []
  readonly #hearers = new Map<Side, (message: unknown) => void>()

  envOf(side: Side, clock: ManualClock): EngineEnv {
    const open = (_: string, hear: (message: unknown) => void): { post(message: unknown): void; close(): void } => {
      this.#hearers.set(side, hear)
      return { post: (message) => this.sent.push(message as Frame), close: () => this.#hearers.delete(side) }
    }
    return { clock, wallNow: () => clock.now(), openChannel: open } as unknown as EngineEnv
  }

  /** Everybody on the channel hears everything. */
  deliver(frames: ReadonlyArray<unknown>): void {
    for (const frame of frames) for (const hear of [...this.#hearers.values()]) hear(structuredClone(frame))
  }

  /** What was sent so far arrives, in order; what is sent thereupon as well. */
  flush(): void {
    while (this.sent.length > 0) this.deliver(this.sent.splice(0))
  }
}

interface End {
  readonly wire: Wire
  /** What has come, in order: `engine 1`. */
  readonly heard: string[]
  readonly said: string[]
}

let air: Air
let clock: ManualClock
let leader: End
let follower: End

function end(side: Side, term: number): End {
  const [heard, said]: [string[], string[]] = [[], []]
  const wire = new Wire({
    env: air.envOf(side, clock),
    name: 'session',
    side,
    term,
    onWelcome: (of) => said.push(`welcome ${String(of)}`),
    onHello: (hello) => said.push(`hello ${String(hello)}`),
    onBroken: () => said.push('broken'),
  })
  for (const lane of ['engine', 'tab'] as const) wire.lanes[lane].addEventListener('message', (event) => heard.push(`${lane} ${String((event as MessageEvent).data)}`))
  return { wire, heard, said }
}

beforeEach(() => {
  air = new Air()
  clock = new ManualClock()
  leader = end('leader', TERM)
  follower = end('follower', 0)
})

/** Time in which messages arrive at once. */
function pass(ms: number): void {
  for (let passed = 0; passed < ms; passed += 500) {
    clock.advance(500)
    air.flush()
  }
}

const send = (from: End, count: number, first = 1): void => {
  for (let number = first; number < first + count; number += 1) from.wire.lanes[number % 2 === 0 ? 'engine' : 'tab'].postMessage(number, [])
}
const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${(index + 1) % 2 === 0 ? 'engine' : 'tab'} ${String(index + 1)}`)

describe('the messages of a wire', () => {
  test('arrive in order and once, however often and in whatever order the channel brings them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.infiniteStream(fc.nat()), (count, random) => {
        air = new Air()
        clock = new ManualClock()
        leader = end('leader', TERM)
        follower = end('follower', 0)
        send(leader, count)
        const frames = air.sent.splice(0)
        const next = (): number => random.next().value as number
        const mixed = [...frames, ...frames.filter(() => next() % 3 === 0)].map((frame) => [next(), frame] as const).sort(([a], [b]) => a - b)
        air.deliver(mixed.map(([, frame]) => frame))
        expect(follower.heard).toEqual(numbers(count))
        expect(follower.said).toEqual([`welcome ${String(TERM)}`])
      }),
    )
  })

  test('wait for a missing one, and arrive when it comes in time', () => {
    send(leader, 3)
    const [first, ...rest] = air.sent.splice(0)
    air.deliver(rest)
    clock.advance(900)
    expect(follower.heard).toEqual([])
    air.deliver([first])
    expect(follower.heard).toEqual(numbers(3))
    clock.advance(900)
    expect(follower.said).not.toContain('broken')
  })

  test('of which one is lost break the wire at both ends after a second', () => {
    send(leader, 3)
    air.deliver(air.sent.splice(0).slice(1))
    clock.advance(1000)
    air.flush()
    expect([follower.heard, follower.said.at(-1), leader.said.at(-1)]).toEqual([[], 'broken', 'broken'])
  })

  test('of which the last one is lost break the wire: the next sign of life says how many there were', () => {
    send(leader, 2)
    air.deliver(air.sent.splice(0).slice(0, 1))
    clock.advance(1000)
    air.flush()
    expect(follower.said).not.toContain('broken')
    clock.advance(1000)
    air.flush()
    expect([follower.heard, follower.said.at(-1)]).toEqual([numbers(1), 'broken'])
  })

  test('that are far ahead are forged, and ignored; too many early ones break the wire', () => {
    send(leader, 1)
    const [frame] = air.sent.splice(0)
    air.deliver([{ ...frame!, seq: 2_000_000 }])
    clock.advance(1000)
    expect(follower.said).not.toContain('broken')
    air.deliver(Array.from({ length: 1001 }, (_, index) => ({ ...frame!, seq: index + 2 })))
    expect(follower.said).toContain('broken')
  })

  test('neither come nor go once it is closed', () => {
    send(leader, 1)
    const frames = air.sent.splice(0)
    follower.wire.close()
    air.sent.length = 0
    air.deliver(frames)
    follower.wire.introduce({} as never)
    follower.wire.beat()
    expect([follower.heard, air.sent, clock.pending]).toEqual([[], [], 1])
  })
})

describe('a follower', () => {
  test('is welcomed by the first message, and says its hello once', () => {
    expect(follower.wire.isWelcome).toBe(false)
    leader.wire.beat()
    air.flush()
    expect([follower.wire.isWelcome, follower.said]).toEqual([true, [`welcome ${String(TERM)}`]])
    follower.wire.introduce('me' as never)
    air.flush()
    expect(leader.said).toEqual(['hello me'])
  })

  test('hears no leader of a lower term, and no other leader once it has one', () => {
    follower = end('follower', TERM + 1)
    send(leader, 1)
    const [frame] = air.sent.splice(0)
    air.deliver([frame])
    expect(follower.wire.isWelcome).toBe(false)
    air.deliver([{ ...frame!, term: TERM + 2 }])
    expect(follower.said).toEqual([`welcome ${String(TERM + 2)}`])
    air.deliver([{ ...frame!, term: TERM + 3, seq: 2 }])
    expect(follower.heard).toEqual(['tab 1'])
  })

  test('hears nobody whose term is a day ahead of the clock, when it knows of a leader', () => {
    follower = end('follower', TERM)
    send(leader, 1)
    const [frame] = air.sent.splice(0)
    air.deliver([{ ...frame!, term: 2 * 24 * 3600 * 1000 }])
    expect(follower.wire.isWelcome).toBe(false)
  })
})

describe('silence', () => {
  test('does not come while both ends live', () => {
    leader.wire.beat()
    pass(120_000)
    expect([leader.said, follower.said]).toEqual([[], [`welcome ${String(TERM)}`]])
  })

  test.each<[string, () => End, number]>([
    ['of a leader ends the session for its follower after 3 s', () => follower, 3000],
    ['of a follower ends the session for its leader after 30 s', () => leader, 30_000],
  ])('%s', (_, who, ms) => {
    for (let passed = 0; passed < ms; passed += 500) clock.advance(500)
    expect(who().said).toEqual([])
    for (let passed = 0; passed < 1500; passed += 500) clock.advance(500)
    expect(who().said).toEqual(['broken'])
  })

  test('while this end itself was asleep is no silence of the other', () => {
    leader.wire.beat()
    pass(2000)
    clock.advance(60_000)
    air.flush()
    pass(2000)
    expect([leader.said, follower.said]).toEqual([[], [`welcome ${String(TERM)}`]])
  })
})
