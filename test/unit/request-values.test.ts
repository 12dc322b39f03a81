import { describe, expect, test } from 'vitest'
import { hasFunctions, resolveValues, type RequestSettings } from '../../src/main/request-values.ts'

const settings = (change: Partial<RequestSettings>): RequestSettings => ({ headers: undefined, params: undefined, ...change })
const boom = (): never => {
  throw new Error('no session')
}

describe('an application’s headers and params', () => {
  test('are asked of its functions, sync and async; what is undefined is left out', async () => {
    const given = settings({ headers: { a: 'b', token: () => Promise.resolve('t') }, params: { p: () => 'q', none: undefined } })
    expect(hasFunctions(given)).toBe(true)
    expect(await resolveValues(given)).toEqual({ headers: { a: 'b', token: 't' }, params: { p: 'q' } })
  })

  test('are text, or numbers and the like, of functions as of static values; what is undefined is left out of both', async () => {
    const given = settings({ headers: { n: (() => 5) as never, none: (() => undefined) as never }, params: { yes: (() => Promise.resolve(true)) as never, big: (() => 1n) as never } })
    expect(await resolveValues(given)).toEqual({ headers: { n: '5' }, params: { yes: 'true', big: '1' } })
  })

  test.each([
    ['a header function that throws', settings({ headers: { token: boom } }), 'streamOptions.headers.token threw: no session'],
    ['a header function that rejects', settings({ headers: { token: () => Promise.reject(new Error('no session')) } }), 'streamOptions.headers.token threw: no session'],
    ['a param function that throws', settings({ params: { key: boom } }), 'streamOptions.params.key threw: no session'],
    ['a function whose value has no text', settings({ params: { key: () => Object.create(null) as string } }), 'streamOptions.params.key gave an object'],
    ['a header function that gives an object', settings({ headers: { token: (() => Promise.resolve({ token: 't' })) as never } }), 'streamOptions.headers.token gave an object'],
    ['a header function that gives null', settings({ headers: { token: (() => null) as never } }), 'streamOptions.headers.token gave null'],
    ['a param function that gives a list', settings({ params: { key: (() => ['a', 'b']) as never } }), 'streamOptions.params.key gave an object'],
    ['a param function that gives a function', settings({ params: { key: (() => boom) as never } }), 'streamOptions.params.key gave a function'],
    ['a value that no header can carry', settings({ headers: { token: () => 'two\nlines' } }), 'streamOptions.headers.token cannot be sent'],
    ['a name that no header can have', settings({ headers: { 'a b': 'c' } }), 'streamOptions.headers.a b cannot be sent'],
  ])('say that they are to blame: %s', async (_, given, message) => {
    await expect(resolveValues(given)).rejects.toMatchObject({ code: 'REQUEST_VALUES', retryable: true, message: expect.stringContaining(message) })
  })
})
