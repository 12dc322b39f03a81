import { describe, expect, test, vi } from 'vitest'
import { MemorySource } from '../../src/testing/memory-source.ts'
import type { ReadRequest, Requests, Sent } from '../../src/worker/ports.ts'

test('a batch that cannot be taken is a request that has failed: the next one waits for its turn', async () => {
  const source = new MemorySource()
  source.add([1])
  source.complete()
  const over = vi.fn()
  const turns: Array<() => void> = []
  const requests: Requests = { turn: () => new Promise((resolve) => turns.push(resolve)), sent: vi.fn(), heard: vi.fn(), dropped: vi.fn(), over }
  const onBatch = vi.fn(() => Promise.reject(new Error('no')))
  const read = () => source.read({ offset: '-1', live: true, isFresh: false, signal: new AbortController().signal, requests, onBatch, onAnswer: vi.fn() } satisfies ReadRequest)
  await expect(read()).rejects.toThrow('no')
  expect(over).toHaveBeenCalledWith({ kind: 'catch-up', ok: false, isIdle: false, retryAfterMs: 0 })
  const second = expect(read()).rejects.toThrow('no')
  expect([onBatch.mock.calls.length, turns.length]).toEqual([1, 1])
  turns[0]!()
  await second
  expect([onBatch.mock.calls.length, over.mock.calls.length]).toEqual([2, 2])
})

describe('requests of an outbox', () => {
  const never = new AbortController().signal
  const send = (source: MemorySource, seq: number, body: string, { epoch = 0, signal = never } = {}): Promise<Sent> => source.send({ producerId: 'box', epoch, seq, body, writes: [] }, signal)
  /** A stream that keeps what it is given. */
  const stream = (): { source: MemorySource; taken: unknown[][] } => {
    const taken: unknown[][] = []
    const source = new MemorySource()
    source.onAppend = (events) => void taken.push(events)
    return { source, taken }
  }

  test('are taken once each, in order, with the end of the stream', async () => {
    const { source, taken } = stream()
    expect(await send(source, 0, '1,2')).toEqual({ kind: 'decided', verdict: { kind: 'accepted', offset: source.tail } })
    expect(await send(source, 0, '1,2')).toMatchObject({ verdict: { kind: 'accepted' } })
    expect(await send(source, 1, '3')).toEqual({ kind: 'decided', verdict: { kind: 'accepted', offset: source.tail } })
    expect([taken, source.noticesRepetition]).toEqual([[[1, 2], [3]], true])
  })

  test('of an old epoch, with a gap, or in the midst of a new epoch are not taken', async () => {
    const { source, taken } = stream()
    expect(await send(source, 1, '0')).toMatchObject({ verdict: { kind: 'forgotten' } })
    await send(source, 0, '1', { epoch: 5 })
    expect(await send(source, 1, '0', { epoch: 4 })).toEqual({ kind: 'decided', verdict: { kind: 'fenced', epoch: 5 } })
    expect(await send(source, 2, '0', { epoch: 5 })).toMatchObject({ verdict: { kind: 'forgotten' } })
    expect(await send(source, 1, '0', { epoch: 6 })).toMatchObject({ verdict: { kind: 'refused', isOfAll: false, error: { status: 400 } } })
    expect(await send(source, 0, '2', { epoch: 6 })).toMatchObject({ verdict: { kind: 'accepted' } })
    expect(taken).toEqual([[1], [2]])
  })

  test('are refused when onAppend throws, and may then be taken', async () => {
    const { source, taken } = stream()
    const { onAppend } = source
    source.onAppend = () => Promise.reject(new Error('no'))
    expect(await send(source, 0, '1')).toEqual({ kind: 'decided', verdict: { kind: 'refused', isOfAll: false, error: { code: 'STREAM_ERROR', message: 'no', retryable: false } } })
    source.onAppend = onAppend
    expect(await send(source, 0, '1')).toMatchObject({ verdict: { kind: 'accepted' } })
    expect(taken).toEqual([[1]])
  })

  test.each([
    ['offline' as const, { kind: 'undecided', error: { code: 'OFFLINE' }, retryAfterMs: 0 }],
    [404 as const, { kind: 'undecided', error: { code: 'STREAM_NOT_FOUND', status: 404 }, retryAfterMs: 0 }],
    [401 as const, { kind: 'unauthorized', error: { code: 'NEEDS_AUTH', status: 401 } }],
    [403 as const, { kind: 'unauthorized', error: { code: 'NEEDS_AUTH', status: 403 } }],
  ])('fail with %s as the stream does', async (failure, sent) => {
    const { source, taken } = stream()
    source.fail(failure)
    expect(await send(source, 0, '1')).toMatchObject(sent)
    expect(taken).toEqual([])
  })

  test('that are given up end at once; their repetition waits until it is known what became of them', async () => {
    const { source, taken } = stream()
    const { onAppend } = source
    let go: () => void = () => undefined
    source.onAppend = async (events) => {
      await new Promise<void>((resolve) => (go = resolve))
      await onAppend(events)
    }
    const stop = new AbortController()
    const first = send(source, 0, '1', { signal: stop.signal })
    await Promise.resolve()
    stop.abort()
    expect(await first).toMatchObject({ kind: 'undecided', error: { code: 'OFFLINE' } })
    const second = send(source, 0, '1')
    go()
    expect(await second).toMatchObject({ verdict: { kind: 'accepted' } })
    expect(taken).toEqual([[1]])
  })

  test('and appends of a producer follow the same rules', async () => {
    const { source, taken } = stream()
    const by = (producerSeq: number, producerEpoch = 0) => ({ producerId: 'form', producerEpoch, producerSeq })
    await source.append('1', by(0, 2))
    await source.append('1', by(0, 2))
    await expect(source.append('2', by(0, 1))).rejects.toMatchObject({ code: 'STREAM_ERROR', status: 403, retryable: false })
    await expect(source.append('2', by(2, 2))).rejects.toMatchObject({ code: 'STREAM_ERROR', status: 409, message: expect.stringContaining('expected 1') as string })
    await expect(source.append('2', by(1, 3))).rejects.toMatchObject({ code: 'STREAM_ERROR', status: 400 })
    await source.append('2')
    expect(taken).toEqual([[1], [2]])
  })
})
