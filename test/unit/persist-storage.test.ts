// @vitest-environment-options {"own":"unit/persist-storage"}
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const real = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
let persistStorage: () => void

beforeEach(async () => {
  vi.resetModules()
  ;({ persistStorage } = await import('../../src/main/persist-storage.ts'))
})
afterEach(() => {
  if (real) Object.defineProperty(globalThis, 'navigator', real)
  else Reflect.deleteProperty(globalThis, 'navigator')
})

describe('the browser is asked once to keep the storage', () => {
  test.each<[string, (() => unknown) | undefined, number]>([
    ['agrees', () => Promise.resolve(true), 1],
    ['declines', () => Promise.resolve(false), 1],
    ['rejects', () => Promise.reject(new Error('no')), 1],
    ['throws', () => { throw new TypeError('no') }, 1],
    ['cannot be asked', undefined, 0],
  ])('and %s', (_, persist, asked) => {
    const calls = vi.fn(persist)
    Object.defineProperty(globalThis, 'navigator', { value: { storage: persist ? { persist: calls } : {} }, configurable: true })
    persistStorage()
    persistStorage()
    expect(calls).toHaveBeenCalledTimes(asked)
  })

  test('and where there is no navigator nothing happens', () => {
    Reflect.deleteProperty(globalThis, 'navigator')
    expect(() => { persistStorage() }).not.toThrow()
  })
})
