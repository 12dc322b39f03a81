import { expect, test } from 'vitest'
import { killSharedWorkers } from '../../support/kill-workers.ts'
import { itemEvents } from '../../support/schema.ts'
import { expectOnlyInserted, useTabs, user } from '../../support/tabs.ts'

const suite = useTabs('/streams/shared-worker', { browser: 'chromium' })

test('a shared worker that dies under several tabs: calls under way reject, and every tab heals by itself', async () => {
  suite.server.append(suite.path, [...itemEvents(500), user('before', 'Eve', 't0')])
  const tabs = await suite.tabs(4, { home: 'shared' })
  await Promise.all(tabs.map((tab) => tab.until(`${suite.stored()} && status.tabs === 4`)))
  // A call that waits for its code is not under way: the next worker would get it.
  for (const tab of tabs) expect(await tab.awaitTxId('t0')).toEqual({ ok: true })
  for (const tab of tabs) await tab.noteChanges()
  const { epoch } = await tabs[0]!.status()
  const hold = suite.server.faults.hold({ match: { method: 'POST' } })
  const calls = tabs.flatMap((tab) => [tab.awaitTxId('never', 60_000), tab.append(user('unsent', 'Ada'))])
  await hold.struck
  // A page takes its calls in order: those of all pages are under way now.
  for (const tab of tabs) await tab.status()
  expect(await killSharedWorkers(suite)).toBe(1)
  for (const call of await Promise.all(calls)) expect(call).toMatchObject({ ok: false, code: 'WORKER_DIED', retryable: true })
  // What was stalled never reaches the server: those who sent it have been told.
  suite.server.faults.clear()
  suite.server.append(suite.path, [user('after', 'Bob', 't1')])
  for (const outcome of await Promise.all(tabs.map((tab) => tab.awaitTxId('t1', 20_000)))) expect(outcome).toEqual({ ok: true })
  await suite.expectAtEnd(tabs)
  await Promise.all(tabs.map((tab) => tab.until(`status.connection === 'live' && status.tabs === 4`)))
  const states = await Promise.all(tabs.map((tab) => tab.status()))
  for (const status of states) expect(status).toMatchObject({ where: 'shared-worker', failovers: 1, lastError: null, epoch: states[0]!.epoch })
  expect(states[0]!.epoch).not.toBe(epoch)
  for (const tab of tabs) expectOnlyInserted((await tab.changes()).filter(({ key }) => key !== 'unsent'), ['after'])
  await suite.server.log.until((log) => log.open().length === 1)
})
