import { expect, test } from 'vitest'
import { ClearedMark } from '../../src/shared/cleared-mark.ts'

test('the engine says whether the tab has signed out', () => {
  const mark = new ClearedMark()
  mark.told(true)
  expect(mark.isCleared).toBe(true)
  mark.told(false)
  expect(mark.isCleared).toBe(false)
})

test.each([true, false])('after a call of the tab (cleared: %s) one message may be from before it; the next one is believed', (isCleared) => {
  const mark = new ClearedMark(!isCleared)
  mark.set(isCleared)
  mark.told(!isCleared)
  expect(mark.isCleared).toBe(isCleared)
  mark.told(!isCleared)
  expect(mark.isCleared).toBe(!isCleared)
})

test('after a message that agrees none is from before the call', () => {
  const mark = new ClearedMark()
  mark.set(true)
  mark.told(true)
  mark.told(false)
  expect(mark.isCleared).toBe(false)
})
