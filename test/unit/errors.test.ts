import { describe, expect, test } from 'vitest'
import { describe as describeError, fromErrorData, SidestreamError, toErrorData, type ErrorData } from '../../src/shared/errors.ts'

const throwing = {
  toString: (): never => {
    throw new Error('no')
  },
}
const THROWN: Record<string, unknown> = {
  'an error': new Error('text'),
  'a string': 'text',
  undefined: undefined,
  null: null,
  'a symbol': Symbol('s'),
  'an object without a prototype': Object.create(null),
  'an object whose toString throws': throwing,
  'an error whose message throws': Object.defineProperty(new Error(), 'message', { get: throwing.toString }),
  'an error whose message is no string': Object.assign(new Error(), { message: { call: () => undefined } }),
}

describe('errors as data', () => {
  const DATA: ErrorData[] = [
    { code: 'OFFLINE', message: 'm', retryable: true },
    { code: 'NEEDS_AUTH', message: '', retryable: false, status: 401 },
  ]

  test.each(DATA)('come back as they went: $code', (data) => {
    const error = fromErrorData(structuredClone(data))
    expect(error).toBeInstanceOf(SidestreamError)
    expect(error).toMatchObject({ name: 'SidestreamError', ...data, status: data.status })
    expect(toErrorData(error, 'CLOSED')).toEqual(data)
  })

  test('keep the cause on this side', () => {
    const cause = new Error('cause')
    const error = new SidestreamError('CLOSED', 'm', { cause })
    expect(error.cause).toBe(cause)
    expect('cause' in new SidestreamError('CLOSED', 'm')).toBe(false)
    expect(structuredClone(toErrorData(error, 'CLOSED'))).toEqual({ code: 'CLOSED', message: 'm', retryable: false })
  })

  test.each(Object.entries(THROWN))('describe whatever is thrown: %s', (_, thrown) => {
    expect(typeof describeError(thrown)).toBe('string')
    const data = toErrorData(thrown, 'STREAM_ERROR')
    expect(structuredClone(data)).toEqual({ code: 'STREAM_ERROR', message: describeError(thrown), retryable: false })
  })

  test('say the error’s own words', () => {
    expect(describeError(new TypeError('words'))).toBe('words')
    expect(describeError('words')).toBe('words')
  })
})

test('a message shows no query of a URL: params may be credentials', () => {
  const message = 'HTTP Error 401 at https://h:1/s?token=canary&offset=-1: {"reason":"https://h/s?token=canary"} of http://h/s and why?'
  expect(describeError(new Error(message))).toBe('HTTP Error 401 at https://h:1/s?…: {"reason":"https://h/s?…"} of http://h/s and why?')
})

test('a message shows no user and no password of a URL', () => {
  const message = 'Request cannot be constructed from a URL that includes credentials: https://ada:c@nary!@h:1/s?token=canary; ftp://canary@h/s, //a:canary@h, mail ada@example.com'
  expect(describeError(new Error(message))).toBe('Request cannot be constructed from a URL that includes credentials: https://…@h:1/s?… ftp://…@h/s, //…@h, mail ada@example.com')
})
