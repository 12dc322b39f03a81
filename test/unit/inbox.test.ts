import { beforeEach, describe, expect, test } from 'vitest'
import { openInbox, type Inbox } from '../../src/main/inbox.ts'
import { Status } from '../../src/main/status.ts'
import type { Ack, DiffBatch } from '../../src/shared/batch.ts'
import { INITIAL_TAB_STATUS, type TabStatus } from '../../src/shared/status.ts'

let inbox: Inbox
let status: Status
let isClosed: boolean
let signedOut: boolean[]
let epochs: string[]
/** What the parts of the tab were told, in order. */
let told: string[]
/** What the replica answers, and what happens meanwhile. */
let applyRows: () => Promise<Ack>
let continues: boolean

const engineStatus = (change: Partial<TabStatus> = {}): TabStatus => ({ ...INITIAL_TAB_STATUS, where: 'leader', epoch: 'e1', connection: 'live', rows: 3, ...change })

const batchOf = (change: Partial<DiffBatch> = {}): DiffBatch => ({
  epoch: 'e1',
  from: '-1',
  to: '5',
  branch: 'b',
  seq: 1,
  digest: 0,
  last: true,
  diffs: [],
  replace: false,
  replaced: [],
  served: [],
  filling: [],
  isFill: false,
  txids: ['t1'],
  stored: ['w1'],
  ready: true,
  stale: false,
  status: engineStatus(),
  events: [],
  invalid: [],
  ...change,
})

beforeEach(() => {
  status = new Status('leader')
  isClosed = false
  signedOut = []
  epochs = []
  told = []
  continues = true
  applyRows = () => Promise.resolve('applied')
  const note = (what: string) => (): void => void told.push(what)
  inbox = openInbox({
    replica: {
      offset: '5',
      isEmpty: false,
      removeAll: note('remove all'),
      continues: () => continues,
      follow: (epoch) => void told.push(`follow ${String(epoch)}`),
      apply: () => {
        told.push('rows')
        return applyRows()
      },
    },
    callbacks: () => ({
      hooks: { before: note('before'), refused: note('refused'), after: note('after'), follow: note('hooks follow') },
      onError: { refused: ({ code }) => void told.push(`onError ${code}`), progress: note('progress') },
    }),
    cleared: { told: (isCleared) => void signedOut.push(isCleared) },
    onTxids: (txids) => void told.push(`txids ${txids.join()}`),
    writes: () => ({ stored: (ids) => void told.push(`stored ${ids.join()}`), follow: ({ epoch }) => void epochs.push(epoch) }),
    status,
    queriesOf: (queries) => queries,
    preload: { isReady: false, observe: note('observe') },
    isClosed: () => isClosed,
    onCleared: note('cleared'),
    onApplied: note('applied'),
    onReady: (filling) => void told.push(`ready but ${filling.join()}`),
  })
})

describe('a diff batch', () => {
  test('goes to the hooks, the rows, and those who wait, in this order', async () => {
    expect(await inbox.apply(batchOf({ filling: ['items'] }))).toBe('applied')
    expect(told).toEqual(['before', 'rows', 'applied', 'ready but items', 'txids t1', 'stored w1', 'after', 'observe'])
    expect(status.getSnapshot()).toMatchObject({ offset: '5', connection: 'live', rows: 3, stale: false })
  })

  test('in parts makes nothing ready before the last one', async () => {
    await inbox.apply(batchOf({ last: false, stale: true, status: null }))
    expect(told).toEqual(['before', 'rows', 'applied', 'after', 'observe'])
    expect(status.getSnapshot()).toMatchObject({ offset: '-1', stale: true })
  })

  test('that does not continue the rows is asked for again, before any hook runs', async () => {
    continues = false
    expect(await inbox.apply(batchOf())).toBe('resync')
    expect(told).toEqual([])
  })

  test('that the replica refuses, or fails at, is told to the hooks, and tells nobody else', async () => {
    applyRows = () => Promise.resolve('resync')
    expect(await inbox.apply(batchOf())).toBe('resync')
    expect(told.splice(0)).toEqual(['before', 'rows', 'refused'])
    applyRows = () => Promise.reject(new Error('broken'))
    await expect(inbox.apply(batchOf())).rejects.toThrow('broken')
    expect(told).toEqual(['before', 'rows', 'refused'])
  })

  test('is refused once the tab is closed', async () => {
    isClosed = true
    expect(await inbox.apply(batchOf())).toBe('resync')
    expect(told).toEqual([])
    expect(status.getSnapshot()).toBe(status.getServerSnapshot())
  })

  test('during which the tab closes is acknowledged, and changes nothing after that', async () => {
    applyRows = () => {
      isClosed = true
      return Promise.resolve('applied')
    }
    expect(await inbox.apply(batchOf())).toBe('applied')
    expect(told).toEqual(['before', 'rows'])
    expect(status.getSnapshot()).toBe(status.getServerSnapshot())
  })
})

describe('a status', () => {
  test('that says that the cache was cleared removes the rows, whether or not the engine lives to remove them', async () => {
    inbox.status(engineStatus({ cleared: true }))
    expect([told, signedOut]).toEqual([expect.arrayContaining(['remove all', 'cleared']), [true]])
    await inbox.apply(batchOf({ status: engineStatus({ cleared: false }) }))
    expect(signedOut).toEqual([true, false])
  })

  test('is shown with the offset of the tab, and not of the engine', () => {
    inbox.status(engineStatus({ offset: '9', ready: true }))
    expect(status.getSnapshot()).toMatchObject({ offset: '5', ready: false, connection: 'live' })
    expect([inbox.engineIsReady, told]).toEqual([true, ['progress', 'observe']])
  })

  test('of a new refusal is told to onError once, before those who wait learn of it', () => {
    const refusal = engineStatus({ offset: '-1', failedAttempts: 1, lastError: { code: 'NEEDS_AUTH', message: 'no', retryable: true } })
    inbox.status(refusal)
    expect(told.splice(0)).toEqual(['onError NEEDS_AUTH', 'progress', 'observe'])
    inbox.status(refusal)
    expect(told).toEqual(['observe'])
  })

  test('of a failure without an answer is none', () => {
    inbox.status(engineStatus({ failedAttempts: 1, lastError: { code: 'OFFLINE', message: 'no', retryable: true } }))
    expect(told).not.toContain('onError OFFLINE')
  })

  test('of another engine begins a sequence, and its earlier failures are old news', () => {
    inbox.follow('e2', engineStatus({ failedAttempts: 4, lastError: { code: 'NEEDS_AUTH', message: 'no', retryable: true } }))
    expect(told).toEqual(['follow e2', 'hooks follow', 'progress', 'observe'])
    expect(epochs).toEqual(['e1'])
  })

  test('of another engine goes on to show the number of rows that the tab has, until that engine has read as far', () => {
    inbox.status(engineStatus({ ready: true, rows: 7 }))
    inbox.follow('e2', engineStatus({ rows: 0 }))
    expect(status.getSnapshot().rows).toBe(7)
    inbox.status(engineStatus({ rows: 3 }))
    expect(status.getSnapshot().rows).toBe(7)
    inbox.status(engineStatus({ ready: true, rows: 6 }))
    expect(status.getSnapshot().rows).toBe(6)
  })

  test('is ignored once the tab is closed', () => {
    isClosed = true
    inbox.status(engineStatus({ ready: true }))
    expect([inbox.engineIsReady, told]).toEqual([false, []])
    expect(status.getSnapshot()).toBe(status.getServerSnapshot())
  })
})
