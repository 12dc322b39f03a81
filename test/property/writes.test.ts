import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Remote } from '../../src/main/connect.ts'
import { Writes } from '../../src/main/writes.ts'
import type { EngineContract, Outcome } from '../../src/shared/calls.ts'
import { SidestreamError } from '../../src/shared/errors.ts'
import { Gate } from '../../src/shared/gate.ts'
import type { Write } from '../../src/shared/write.ts'
import { settled } from '../unit/scripted-tab.ts'

type Answer = 'ok' | 'refused' | 'died'
type Step =
  | { readonly kind: 'store' | 'session' | 'epoch' | 'lose' | 'final' }
  | { readonly kind: 'answer'; readonly which: number; readonly answer: Answer }
  | { readonly kind: 'acknowledge'; readonly which: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('store' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), which: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat(5), answer: fc.constantFrom<Answer>('ok', 'refused', 'died') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('session' as const, 'epoch' as const, 'lose' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('final' as const) }) },
)

test('a write that waits is with the present engine, and each write settles once: with its rows, with a refusal, or with the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      let [epochs, isOpen] = [0, false]
      /** The engine's writes in the present session and epoch. */
      let here: string[] = []
      const calls: Array<{ readonly id: string; readonly epoch: number; readonly answer: Gate<Outcome<null>> }> = []
      const outcomes = new Map<string, string[]>()
      const waiting = new Set<string>()
      const engine = {
        write: ({ id }: Write) => {
          expect(isOpen).toBe(true)
          here.push(id)
          const answer = new Gate<Outcome<null>>()
          calls.push({ id, epoch: epochs, answer })
          return answer.promise
        },
      } as unknown as Remote<EngineContract>
      const opening = new Gate<never>()
      const writes = new Writes({
        link: {
          get isOpen() {
            return isOpen
          },
          session: () => opening.promise,
          call: (call) => call(engine),
        },
        status: { epoch: '', failovers: 0 },
        wake: () => undefined,
      })
      const change = (name: 'opened' | 'follow'): void => {
        epochs += 1
        isOpen = true
        here = []
        writes[name]({ epoch: `e${String(Math.ceil(epochs / 2))}`, failovers: epochs })
      }
      const run = (each: Step): void => {
        switch (each.kind) {
          case 'store': {
            const id = `w${String(outcomes.size)}`
            const seen: string[] = []
            outcomes.set(id, seen)
            waiting.add(id)
            writes.store({ id, mutations: [{ kind: 'remove', collection: 'items', key: '1' }], createdAt: 1 }).then(() => seen.push('stored'), ({ code }: SidestreamError) => seen.push(code))
            return
          }
          case 'acknowledge': {
            const id = here[each.which]
            if (!isOpen || id === undefined) return
            writes.stored([id])
            if (waiting.delete(id)) expected.set(id, 'stored')
            return
          }
          case 'answer': {
            const call = calls.splice(each.which, 1)[0]
            if (!call) return
            if (each.answer === 'refused' && waiting.delete(call.id)) expected.set(call.id, 'STORAGE_FAILED')
            if (each.answer === 'died') call.answer.reject(new SidestreamError('WORKER_DIED', ''))
            else call.answer.resolve(each.answer === 'ok' ? { ok: true, value: null } : { ok: false, error: { code: 'STORAGE_FAILED', message: '', retryable: true } })
            return
          }
          case 'session':
            change('opened')
            return
          case 'epoch':
            if (isOpen) change('follow')
            return
          case 'lose':
            isOpen = false
            return
          case 'final':
            isOpen = false
            writes.rejectAll(new SidestreamError('WORKER_DIED', ''))
            for (const id of waiting) expected.set(id, 'WORKER_DIED')
            waiting.clear()
        }
      }
      const expected = new Map<string, string>()
      for (const each of steps) {
        run(each)
        await settled()
        if (isOpen) expect(here).toEqual(expect.arrayContaining([...waiting]))
      }
      for (const [id, seen] of outcomes) expect(seen, id).toEqual(expected.has(id) ? [expected.get(id)] : [])
    }),
  )
})
