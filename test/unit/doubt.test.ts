import { describe, expect, test } from 'vitest'
import { Doubt } from '../../src/worker/core/doubt.ts'

/** Which of these answers decide, one a second; `x` says that the stream is gone, `.` that it is there. */
const decisions = (answers: string, doubt = new Doubt()): number[] =>
  [...answers].flatMap((answer, index) => {
    if (answer === 'x') return doubt.add(index * 1000) ? [index] : []
    doubt.settle(index * 1000)
    return []
  })

describe('a stream that is gone', () => {
  test('is believed to be after three answers in a row', () => {
    expect(decisions('.xxx')).toEqual([3])
  })

  test.each(['x.x.x.x.x.x.', 'xx..xx..xx..xx..', 'xx.xx.xx.xx.xx.'])('is not where answers contradict each other: %s', (answers) => {
    expect(decisions(answers)).toEqual([])
  })

  test('is believed later by who has been wrong before', () => {
    expect(decisions('xx.xxxxxx')).toEqual([8])
    const doubt = new Doubt()
    expect(decisions('xxx.xxxxx.', doubt)).toEqual([2])
    for (let answer = 0; answer < 3; answer += 1) expect(doubt.add(3_600_000)).toBe(answer === 2)
  })
})
