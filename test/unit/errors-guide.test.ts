// @vitest-environment happy-dom
// @vitest-environment-options {"own":"unit/errors-guide"}
import { act, createElement, useSyncExternalStore, type ComponentType } from 'react'
import { createRoot } from 'react-dom/client'
import { expect, test, vi } from 'vitest'
import { createTestStreamDB } from '../../src/testing/index.ts'
import { writeSnippets } from '../support/run-snippets.ts'
import { snippetsOf } from '../support/snippets.ts'
import type { schema as stateSchema } from '../snippets/schema.ts'

const task = { id: '1', title: 'Book the ferry', done: false }

test('what the page about errors shows to users is what it says', { timeout: 20_000 }, async () => {
  const code = snippetsOf('docs/errors.md').filter(({ language }) => language === 'tsx').map((snippet) => snippet.code).join('\n')
  const folder = await writeSnippets('errors-guide', { 'bar.tsx': `${code}\nexport { Refused }\n` })
  const { schema } = (await import(/* @vite-ignore */ `${folder}schema.ts`)) as { schema: typeof stateSchema }
  const onAppend = vi.fn(() => Promise.reject(new Error('the list is full')))
  const { db, stream } = createTestStreamDB({ state: schema, events: [], onAppend })
  const signIn = vi.fn(() => stream.recover())
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  vi.stubGlobal('db', db)
  vi.stubGlobal('signIn', signIn)
  vi.stubGlobal('useSyncExternalStore', useSyncExternalStore)
  const { StatusBar, Refused } = (await import(/* @vite-ignore */ `${folder}bar.tsx`)) as Record<'StatusBar' | 'Refused', ComponentType>

  await db.preload()
  const page = document.createElement('main')
  const root = createRoot(page)
  await act(async () => root.render([createElement(StatusBar, { key: 1 }), createElement(Refused, { key: 2 })]))
  const shows = (text: string): Promise<void> => vi.waitFor(() => act(async () => expect(page.textContent).toBe(text)), 10_000)
  const click = (label: string): Promise<void> =>
    act(async () => {
      for (const button of page.querySelectorAll('button')) if (button.textContent === label) button.click()
    })

  await shows('')
  await act(() => stream.fail('offline'))
  await shows('No connection. Changes that wait: 0.Try now')
  await act(() => stream.recover())
  await act(() => stream.fail(401))
  await shows('Your session has ended.Sign in')
  await click('Sign in')
  await shows('')
  expect(signIn).toHaveBeenCalledOnce()
  await act(() => stream.fail(404))
  await shows('This list does not exist, or not yet.')
  await act(() => stream.recover())

  await act(() => db.collections.tasks.insert(task).isPersisted.promise)
  await shows('Changes that were not accepted: 1.the list is fullSend againDiscard')
  onAppend.mockImplementation(() => Promise.resolve(undefined as never))
  await click('Send again')
  await shows('')
  expect(db.collections.tasks.get('1')).toMatchObject(task)

  await act(() => stream.send([{ type: 'task', key: '2', value: {}, headers: { operation: 'insert' } }]))
  await shows('Entries that cannot be shown: 1.')
  await act(async () => root.unmount())
  db.close()
})
