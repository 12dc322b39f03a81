// @vitest-environment-options {"own":"unit/actions"}
import { expect, test, vi } from 'vitest'
import { createStreamDB } from '../../src/main/index.ts'
import { schema } from '../support/schema.ts'

const create = (actions: unknown, options: object = {}): unknown =>
  createStreamDB({ streamOptions: { url: 'https://example.com/s' }, state: schema, actions: () => actions, ...options } as never)

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a list', []],
  ['an action that is none', { add: 5 }],
  ['an action whose mutationFn is none', { add: { onMutate: () => undefined, mutationFn: 5 } }],
  ['an action without onMutate', { add: { mutationFn: () => Promise.resolve() } }],
])('an actions function that returns %s is refused', (_, actions) => {
  expect(() => create(actions)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining('actions') }))
})

test.each([['is refused', () => undefined], ['throws', () => { throw new Error('mine') }]])('a StreamDB whose actions function %s leaves nothing behind', (_, actions) => {
  const added = vi.fn()
  const removed = vi.fn()
  vi.stubGlobal('addEventListener', added)
  vi.stubGlobal('removeEventListener', removed)
  expect(() => create(null, { actions })).toThrow()
  vi.unstubAllGlobals()
  expect(removed.mock.calls).toEqual(added.mock.calls)
})
