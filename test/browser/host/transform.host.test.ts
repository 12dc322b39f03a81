import { expect, test } from 'vitest'
import { useBench } from '../../support/browser-app.ts'
import { schema } from '../../support/schema.ts'

const suite = useBench('/streams/transform')

test('a transform in the worker file changes, drops and quarantines events, also after a reload from the cache', async () => {
  const user = (id: string): unknown => schema.users.insert({ value: { id, name: 'Ada' } })
  suite.server.append(suite.path, ['u1', 'unwanted', 'fatal', 'u2'].map(user))
  const tab = await suite.app()
  await tab.open({ url: suite.url, home: 'transform' })
  expect(await tab.preload()).toEqual({ ok: true })
  const expected = { u1: { id: 'u1', name: 'Ada, transformed' }, u2: { id: 'u2', name: 'Ada, transformed' } }
  expect((await tab.rows())['users']).toEqual(expected)
  expect(await tab.invalid()).toMatchObject([{ code: 'TRANSFORM_FAILED', reason: expect.stringContaining('no such user') as unknown, event: { key: 'fatal' } }])
  await tab.until(suite.stored())
  await tab.page.close()
  await suite.server.goOffline()
  const again = await suite.app()
  await again.open({ url: suite.url, home: 'transform' })
  expect(await again.preload()).toEqual({ ok: true })
  expect((await again.rows())['users']).toEqual(expected)
})
