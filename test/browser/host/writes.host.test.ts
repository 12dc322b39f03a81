import { describe, expect, test } from 'vitest'
import { DEFAULT_BROWSER } from '../../support/browser-app.ts'
import { killSharedWorkers } from '../../support/kill-workers.ts'
import { note, type NoteEvent } from '../../support/notes.ts'
import { homeOf, leaderAmong, TOPOLOGIES } from '../../support/tabs.ts'
import { pending, useWriters, type RemoteWriter } from '../../support/writers.ts'

const keysOf = (events: ReadonlyArray<NoteEvent>): string[] => events.map(({ key }) => key)
const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => note(`${prefix}-${String(n).padStart(3, '0')}`, { n }))

/** Expects that each write is in the stream exactly once, and that nothing else is. */
function expectOnce(events: ReadonlyArray<NoteEvent>, txids: ReadonlyArray<string>): void {
  expect(events.map(({ headers }) => headers.txid).sort()).toEqual([...txids].sort())
}

const txidOf = (outcome: Awaited<ReturnType<RemoteWriter['insert']>>): string => {
  expect(outcome).toMatchObject({ ok: true })
  return outcome.ok ? outcome.txid : ''
}

describe.each(TOPOLOGIES)(`${DEFAULT_BROWSER}, %s`, (topology) => {
  const suite = useWriters(`/streams/writes-${topology}`)
  const home = homeOf(topology)
  const two = async (): Promise<readonly [RemoteWriter, RemoteWriter]> => [await suite.writer({ home }), await suite.writer({ home })]

  /** Every tab has the same list of pending writes, in the same order. */
  async function expectSameOutbox(tabs: ReadonlyArray<RemoteWriter>, count: number): Promise<ReadonlyArray<string>> {
    await Promise.all(tabs.map((tab) => tab.until(`outbox().length === ${String(count)}`)))
    const [first, ...others] = await Promise.all(tabs.map((tab) => tab.outbox()))
    for (const other of others) expect(other).toEqual(first)
    return first!.map(({ id }) => id)
  }

  test('a change is shown in the frame in which it is made, and from then on in every frame of every tab, once', async () => {
    const tabs = await two()
    const [first, second] = tabs
    const txids: string[] = []
    for (let round = 0; round < 12; round += 1) {
      const id = `row-${String(round)}`
      for (const { isShown, outcome } of [await first.insertInFrame(note(id, { n: 1 })), await first.updateInFrame(id, 2)]) {
        expect(isShown).toBe(true)
        txids.push(txidOf(outcome))
      }
      // The next ones are made while the last is on its way, too.
      if (round % 3 === 0) await second.until(`notes()['${id}']?.n === 2`)
    }
    const notes = await suite.expectSettled(tabs, 24)
    expect(Object.values(notes).map(({ n }) => n)).toEqual(Array<number>(12).fill(2))
    for (const tab of tabs) {
      const seen = await tab.frames()
      await tab.page.waitForFunction((frames) => (window as unknown as Window).writer.frames() > frames + 1, seen)
      expect(await tab.faults()).toEqual([])
      const changes = await tab.changes()
      expect(changes.filter((change) => change.startsWith('insert')).map((change) => change.split(' ')[1])).toEqual(Array.from({ length: 12 }, (_, n) => `row-${String(n)}`))
      expect(changes.filter((change) => change.startsWith('delete'))).toEqual([])
    }
    expect(suite.events().map(({ headers }) => headers.txid)).toEqual(txids)
  })

  test('offline: what two tabs write is shown in both and listed in both, survives a reload, and is in the stream once', async () => {
    const before = await two()
    txidOf(await before[0].insert(note('common')))
    await suite.expectSettled(before, 1)
    for (const tab of before) await tab.until(suite.stored())
    await suite.server.goOffline()
    const txids = (await Promise.all(before.map((tab, index) => tab.insertAll(numbered(`tab${String(index)}`, 20))))).flat().map(txidOf)
    // Different fields of one row, in both tabs.
    txids.push(txidOf(await before[0].update('common', { title: 'one' })), txidOf(await before[1].update('common', { body: 'two' })))
    const common = note('common', { title: 'one', body: 'two' })
    for (const tab of before) {
      expect(await tab.until(pending(42))).toMatchObject({ parked: 0, durable: true })
      await tab.until(`Object.keys(notes()).length === 41 && notes().common.title === 'one' && notes().common.body === 'two'`)
    }
    const listed = await expectSameOutbox(before, 42)
    expect([...listed].sort()).toEqual([...txids].sort())
    const shown = await before[0].notes()
    expect(shown).toMatchObject({ common })
    expect(await before[1].notes()).toEqual(shown)

    for (const tab of before) await tab.page.close()
    const after = await two()
    for (const tab of after) {
      // With its first rows, and not after them.
      expect(await tab.notes()).toEqual(shown)
      await tab.until(pending(42))
      expect((await tab.changes()).filter((change) => !change.startsWith('insert'))).toEqual([])
    }
    expect(await expectSameOutbox(after, 42)).toEqual(listed)

    await suite.server.goOnline()
    expect(await suite.expectSettled(after, 43)).toEqual(shown)
    // In the order of the list: each tab's writes in the order in which the tab has made them.
    expect(suite.events().slice(1).map(({ headers }) => headers.txid)).toEqual(listed)
    for (const tab of after) expect(await tab.faults()).toEqual([])
  })

  test('a write over another device\'s change of the same row keeps that change', async () => {
    const tabs = await two()
    txidOf(await tabs[0].insert(note('common')))
    await suite.expectSettled(tabs, 1)
    for (const tab of tabs) await tab.until(suite.stored())
    await suite.server.goOffline()
    txidOf(await tabs[1].update('common', { title: 'mine' }))
    suite.server.append(suite.path, [{ type: 'note', key: 'common', value: note('common', { body: 'theirs', n: 7 }), headers: { operation: 'update' } }])
    await suite.server.goOnline()
    expect(await suite.expectSettled(tabs, 3)).toEqual({ common: note('common', { title: 'mine', body: 'theirs', n: 7 }) })
    expect(suite.events().at(-1)!.value).toEqual(note('common', { title: 'mine', body: 'theirs', n: 7 }))
  })

  // Only in Chromium can a shared worker be ended from outside.
  test.runIf(topology === 'leader' || DEFAULT_BROWSER === 'chromium')('an engine that is lost while tabs write: each write is acknowledged, shown, and in the stream once', async () => {
    const tabs = [...(await two()), await suite.writer({ home })]
    await Promise.all(tabs.map((tab) => tab.until(suite.atEnd())))
    await suite.server.goOffline()
    const expected: string[] = []
    let left: ReadonlyArray<RemoteWriter> = tabs
    let end = async (): Promise<void> => { expect(await killSharedWorkers(suite)).toBe(1) }
    if (topology === 'leader') {
      const { leader, followers } = await leaderAmong(tabs)
      left = followers
      end = () => leader.page.close()
      // The leader's own writes stay when it goes, as soon as they are acknowledged.
      const own = numbered('leader', 10)
      for (const outcome of await leader.insertAll(own)) txidOf(outcome)
      expected.push(...own.map(({ id }) => id))
    }
    const written = left.map((_, index) => numbered(`tab${String(index)}`, 30))
    await Promise.all(left.map((tab, index) => tab.beginInserts(written[index]!)))
    await end()
    expected.push(...written.flat().map(({ id }) => id))
    expected.sort()
    for (const tab of left) for (const outcome of await tab.outcomes()) txidOf(outcome)
    for (const tab of left) {
      await tab.until(pending(expected.length))
      expect(Object.keys(await tab.notes())).toEqual(expected)
    }
    await suite.server.goOnline()
    await suite.expectSettled(left, expected.length)
    const keys = keysOf(suite.events())
    expect([...keys].sort()).toEqual(expected)
    for (const [index, tab] of left.entries()) {
      expect(keys.filter((key) => key.startsWith(`tab${String(index)}-`))).toEqual(written[index]!.map(({ id }) => id))
      expect(await tab.faults()).toEqual([])
      expect(await tab.status()).toMatchObject({ failovers: 1 })
    }
  })

  test('a server that refuses one of a hundred: ninety-nine arrive, one is parked and taken back in every tab, and can be retried or discarded', async () => {
    let tabs = await two()
    suite.server.refuseWrites((body) => body.includes('spoilt'))
    await suite.server.goOffline()
    const all = numbered('row', 100).map((given) => (given.n === 37 || given.n === 63 ? { ...given, title: given.n === 37 ? 'spoilt' : 'sound' } : given))
    const txids = (await tabs[0].insertAll(all)).map(txidOf)
    const parkedId = txids[37]!
    await suite.server.goOnline()
    const good = all.filter(({ title }) => title !== 'spoilt').map(({ id }) => id)
    const expectParked = async (): Promise<void> => {
      for (const tab of tabs) {
        await tab.until(`status.parked === 1 && status.pending === 0 && Object.keys(notes()).length === 99`)
        expect(Object.keys(await tab.notes())).toEqual(good)
        expect(await tab.outbox()).toMatchObject([{ id: parkedId, state: 'parked', error: { code: 'STREAM_ERROR', status: 422 } }])
      }
    }
    await expectParked()
    expect(keysOf(suite.events())).toEqual(good)
    expect((await Promise.all(tabs.map((tab) => tab.rejected()))).flat()).toEqual([parkedId])
    // A write that was refused does not hold up those that follow.
    txidOf(await tabs[1].insert(note('zz-later')))
    good.push('zz-later')
    await tabs[1].until(`status.pending === 0`)
    await expect.poll(() => keysOf(suite.events())).toEqual(good)
    await Promise.all(tabs.map((tab) => tab.until(suite.stored())))

    await suite.server.goOffline()
    for (const tab of tabs) await tab.page.close()
    tabs = await two()
    for (const tab of tabs) {
      await tab.until(`status.parked === 1 && status.pending === 0 && status.durable && outbox().length === 1`)
      expect(Object.keys(await tab.notes())).toEqual(good)
    }
    await suite.server.goOnline()
    // It is not told a second time, and not sent by itself.
    await Promise.all(tabs.map((tab) => tab.until(suite.atEnd())))
    expect(keysOf(suite.events())).toEqual(good)

    // Retried while the server still refuses it: it is parked again.
    expect(await tabs[1].retry(parkedId)).toEqual({ ok: true, value: true })
    const refusals = async (): Promise<string[]> => (await Promise.all(tabs.map((tab) => tab.rejected()))).flat()
    await expect.poll(refusals).toEqual([parkedId])
    suite.server.refuseWrites(null)
    await tabs[0].until(`status.parked === 1`)
    expect(await tabs[0].retry(parkedId)).toEqual({ ok: true, value: true })
    const notes = await suite.expectSettled(tabs, 101)
    expect(Object.keys(notes)).toEqual([...good, all[37]!.id].sort())
    expectOnce(suite.events().slice(0, 99), txids.filter((txid) => txid !== parkedId))
    expect(suite.events().at(-1)).toMatchObject({ key: all[37]!.id, headers: { txid: parkedId } })

    suite.server.refuseWrites(() => true)
    const discarded = txidOf(await tabs[0].insert(note('discarded')))
    await Promise.all(tabs.map((tab) => tab.until(`status.parked === 1 && outbox().length === 1`)))
    expect(await tabs[1].discard(discarded)).toEqual({ ok: true, value: true })
    expect(await suite.expectSettled(tabs, 101)).toEqual(notes)
    expect(await tabs[0].discard(discarded)).toEqual({ ok: true, value: false })
    expect(await tabs[0].retry(discarded)).toEqual({ ok: true, value: false })
    expect(suite.events()).toHaveLength(101)
  })

  test('clearCache says what would be lost; with discardWrites it leaves neither rows nor a database', async () => {
    const tabs = await two()
    txidOf(await tabs[0].insert(note('stored')))
    await suite.expectSettled(tabs, 1)
    for (const tab of tabs) await tab.until(suite.stored())
    await suite.server.goOffline()
    txidOf(await tabs[0].insert(note('waits')))
    await Promise.all(tabs.map((tab) => tab.until(pending(1))))
    const shown = await tabs[1].notes()
    expect(await tabs[1].clearCache()).toMatchObject({ ok: false, code: 'WRITES_PENDING' })
    for (const tab of tabs) expect(await tab.notes()).toEqual(shown)
    expect(await tabs[1].databases()).toHaveLength(2)
    expect(await tabs[1].clearCache({ discardWrites: true })).toEqual({ ok: true })
    for (const tab of tabs) {
      await tab.until(`status.cleared && status.pending === 0 && outbox().length === 0 && Object.keys(notes()).length === 0`)
      expect(await tab.databases()).toEqual([])
    }
    await suite.server.goOnline()
    await tabs[0].reconnect()
    await tabs[0].until(suite.atEnd())
    expect(Object.keys(await tabs[0].notes())).toEqual(['stored'])
    expect(keysOf(suite.events())).toEqual(['stored'])
  })
})
