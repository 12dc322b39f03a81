import { describe, expect, test } from 'vitest'
import type { OutboxRequest, Sent } from '../../src/worker/ports.ts'
import { SimServer, WELL } from '../simulation/sim-server.ts'
import { Process, World } from '../simulation/world.ts'

const request = (seq: number, body = `{"n":${String(seq)}}`, epoch = 0): OutboxRequest => ({ producerId: 'box', epoch, seq, body, writes: [] })

/** A simulated server whose requests are answered when time has passed. */
class Bench {
  readonly world: World
  readonly server: SimServer
  readonly process = new Process('worker')

  constructor(seed = 1) {
    this.world = new World(seed)
    this.server = new SimServer(this.world)
  }

  get items(): unknown[] {
    return this.server.stream?.messages.flat() ?? []
  }

  /** @returns null when there is no answer */
  async send(one: OutboxRequest): Promise<Sent | null> {
    let sent: Sent | null = null
    const stop = new AbortController()
    void this.server.source(this.process).send(one, stop.signal).then((answer) => (sent = answer))
    while (await this.world.step());
    return sent
  }
}

describe('a simulated server', () => {
  test('knows producers: once, in order, fenced, forgotten', async () => {
    const bench = new Bench()
    for (const seq of [0, 0, 1, 1]) expect(await bench.send(request(seq))).toMatchObject({ verdict: { kind: 'accepted' } })
    expect(bench.server.stream!.messages).toEqual([[{ n: 0 }], [{ n: 1 }]])
    bench.server.fence()
    expect(await bench.send(request(2))).toEqual({ kind: 'decided', verdict: { kind: 'fenced', epoch: 1 } })
    bench.server.forgetProducers()
    expect(await bench.send(request(2))).toEqual({ kind: 'decided', verdict: { kind: 'forgotten' } })
    expect(await bench.send(request(0, '{"n":2}', 7))).toMatchObject({ verdict: { kind: 'accepted' } })
    expect(bench.items).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }])
    bench.server.create()
    expect(await bench.send(request(1, '{}', 7))).toEqual({ kind: 'decided', verdict: { kind: 'forgotten' } })
  })

  test('refuses a request with an event that it rejects as a whole', async () => {
    const bench = new Bench()
    bench.server.rejects = (event) => (event as { n: number }).n === 2
    expect(await bench.send(request(0, '{"n":1},{"n":2}'))).toMatchObject({ verdict: { kind: 'refused', isOfAll: false, error: { status: 400 } } })
    expect(bench.items).toEqual([])
    expect(await bench.send(request(0, '{"n":1}'))).toMatchObject({ verdict: { kind: 'accepted' } })
  })

  test('that is away, wants other credentials, or has no stream decides nothing', async () => {
    const bench = new Bench()
    bench.server.online = false
    expect(await bench.send(request(0))).toMatchObject({ kind: 'undecided', error: { code: 'OFFLINE' } })
    bench.server.online = true
    bench.server.authorized = false
    expect(await bench.send(request(0))).toMatchObject({ kind: 'unauthorized', error: { status: 401 } })
    bench.server.authorized = true
    bench.server.remove()
    expect(await bench.send(request(0))).toMatchObject({ kind: 'undecided', error: { code: 'STREAM_NOT_FOUND', status: 404 } })
  })

  test.each(['silence', 'flakiness'] as const)('loses by %s a request, or only its answer, each by the seed', async (fault) => {
    const outcomes = new Map<string, number>()
    for (let seed = 0; seed < 40; seed += 1) {
      const [one, other] = [new Bench(seed), new Bench(seed)]
      for (const bench of [one, other]) bench.server.faults = { ...WELL, [fault]: 1 }
      const sent = await one.send(request(0))
      expect([sent, one.items]).toEqual([await other.send(request(0)), other.items])
      const outcome = `${sent === null ? 'no answer' : sent.kind}, ${String(one.items.length)}`
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    const answer = fault === 'silence' ? 'no answer' : 'undecided'
    expect([...outcomes.keys()].sort()).toEqual([`${answer}, 0`, `${answer}, 1`])
  })

  test('is given up at once; what is on its way then arrives before the producers are forgotten', async () => {
    const bench = new Bench()
    const stop = new AbortController()
    const sent = bench.server.source(bench.process).send(request(0), stop.signal)
    stop.abort()
    expect(await sent).toMatchObject({ kind: 'undecided', error: { code: 'OFFLINE' } })
    bench.server.forgetProducers()
    expect(bench.items).toEqual([{ n: 0 }])
    while (await bench.world.step());
    expect(bench.items).toEqual([{ n: 0 }])
  })
})
