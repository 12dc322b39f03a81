import { describe, expect, test } from 'vitest'
import type { SendAnswer, SendContext, SentWrite } from '../../src/shared/send-write.ts'
import { BackendSource } from '../../src/worker/stream/backend-source.ts'
import type { OutboxRequest } from '../../src/worker/ports.ts'
import { MemorySource } from '../../src/testing/memory-source.ts'

const values = { headers: { authorization: 'canary' }, params: { tenant: 't' } }
const event = { type: 'todo', key: 'a', value: { id: 'a' }, headers: { operation: 'insert', txid: 'w' } }
const write = { id: 'w', createdAt: 1, mutations: [{ kind: 'put', collection: 'todos', key: 'a', value: { id: 'a' }, operation: 'insert' }] } as const
const request: OutboxRequest = { producerId: 'p', epoch: 0, seq: 0, body: JSON.stringify(event), writes: [write] }

const sourceOf = (send: (write: SentWrite, context: SendContext) => unknown): BackendSource =>
  new BackendSource(new MemorySource(), () => Promise.resolve(values), async (sent, context) => (await send(sent, context)) as SendAnswer)

describe('an API of the application', () => {
  test('gets a write with its events, the tab’s headers, and a key that stays the same', async () => {
    const calls: Array<[SentWrite, Omit<SendContext, 'signal'>]> = []
    const source = sourceOf((sent, { signal, ...context }) => {
      expect(signal.aborted).toBe(false)
      calls.push([sent, context])
      return { status: 'accepted' }
    })
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await source.send(request, new AbortController().signal)).toEqual({ kind: 'decided', verdict: { kind: 'accepted', offset: null } })
    }
    const expected = [{ ...write, events: [event] }, { ...values, idempotencyKey: 'w' }]
    expect(calls).toEqual([expected, expected])
  })

  test.each([
    [{ status: 'rejected', reason: 'too late' }, { kind: 'decided', verdict: { kind: 'refused', error: { code: 'STREAM_ERROR', message: 'too late' }, isOfAll: false } }],
    [{ status: 'retry', retryAfterMs: 7 }, { kind: 'undecided', retryAfterMs: 7, error: { code: 'OFFLINE' } }],
    [{ status: 'retry', retryAfterMs: -1 }, { kind: 'undecided', retryAfterMs: 0 }],
    [{ status: 'unauthorized' }, { kind: 'unauthorized', error: { code: 'NEEDS_AUTH' } }],
    [undefined, { kind: 'undecided' }],
    ['accepted', { kind: 'undecided' }],
  ])('that answers %j', async (answer, sent) => {
    expect(await sourceOf(() => answer).send(request, new AbortController().signal)).toMatchObject(sent)
  })

  test('may answer without a promise', async () => {
    const source = new BackendSource(new MemorySource(), () => Promise.resolve(values), (() => ({ status: 'accepted' })) as never)
    expect(await source.send(request, new AbortController().signal)).toMatchObject({ kind: 'decided', verdict: { kind: 'accepted' } })
  })

  test('that throws, or does not answer, is asked again', async () => {
    const broken = sourceOf(() => {
      throw new Error('broken')
    })
    expect(await broken.send(request, new AbortController().signal)).toMatchObject({ kind: 'undecided', error: { code: 'OFFLINE', message: 'broken' } })
    const late = new AbortController()
    const sent = sourceOf(() => new Promise(() => undefined)).send(request, late.signal)
    late.abort()
    expect(await sent).toMatchObject({ kind: 'undecided' })
  })
})
