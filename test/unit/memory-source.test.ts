import { expect, test, vi } from 'vitest'
import { MemorySource } from '../../src/testing/memory-source.ts'
import type { ReadRequest, Requests } from '../../src/worker/ports.ts'

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
