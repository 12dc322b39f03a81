import { beforeEach, describe, expect, test } from 'vitest'
import { CLEARED, doomedCache } from '../../src/worker/cache/erase.ts'
import { ClearedCacheError } from '../../src/worker/ports.ts'
import { CachedEngine, CacheMachine, NAME } from '../support/cache-machine.ts'
import { anySettings, settled } from '../support/origin.ts'

let machine: CacheMachine
beforeEach(() => {
  machine = new CacheMachine()
})

/** An engine whose cache is open. */
async function open(name: string): Promise<CachedEngine> {
  const engine = new CachedEngine(machine, name)
  await engine.hydrate()
  return engine
}

/** An engine that is reading a cache with a row; the storage answers after `release()`. */
async function reading(): Promise<{ engine: CachedEngine; hydrating: ReturnType<CachedEngine['hydrate']>; release: () => void }> {
  const first = await open('first')
  first.set('u1', 'old')
  await first.cache.close()
  const release = machine.hold()
  const engine = new CachedEngine(machine, 'one')
  const hydrating = engine.hydrate()
  await settled()
  return { engine, hydrating, release }
}

/** The registry notes that the cache was cleared, and another engine says so. */
async function clearedElsewhere(): Promise<void> {
  await machine.pass(50)
  const env = machine.env('another')
  const { record, at } = doomedCache(env, anySettings.url, anySettings.scope)
  await env.registry.doom(record, at)
  machine.origin.say(`${NAME}:cleared`, CLEARED)
  await settled()
}

const FLUSHED_MS = 200

describe('two caches of one stream', () => {
  test('have one writer: the other one reads, and stores nothing', async () => {
    const writer = await open('writer')
    writer.set('u1', 'of the writer')
    await machine.pass(FLUSHED_MS)
    const reader = await open('reader')
    expect(writer.report).toEqual({ storage: 'indexeddb', persistedOffset: '1', error: null })
    expect(reader.report).toEqual({ storage: 'read-only', persistedOffset: '1', error: null })
    expect(reader.readRows).toEqual({ u1: 'of the writer' })
    reader.set('u1', 'of the reader')
    await reader.cache.flush()
    await machine.pass(60_000)
    expect(machine.commits).toHaveLength(1)
    writer.set('u2', 'more')
    await machine.pass(FLUSHED_MS)
    expect(await machine.stored()).toEqual({ u1: 'of the writer', u2: 'more' })
  })

  test('the reader succeeds the writer: it stores its whole state once, then what changes', async () => {
    const writer = await open('writer')
    writer.set('u1', 'old')
    await machine.pass(FLUSHED_MS)
    const reader = await open('reader')
    reader.set('u2', 'while it only reads')
    await writer.cache.close()
    await settled()
    expect(reader.report).toEqual({ storage: 'indexeddb', persistedOffset: '2', error: null })
    expect(machine.commits.at(-1)).toMatchObject({ replace: true, puts: [{ rows: [{ id: 'u1' }, { id: 'u2' }] }] })
    reader.set('u3', 'as the writer')
    await machine.pass(FLUSHED_MS)
    expect(machine.commits.at(-1)).toMatchObject({ replace: false, puts: [{ rows: [{ id: 'u3' }] }] })
    // Every commit after a claim expects that claim.
    const [first, second, third] = machine.commits.map(({ meta, expectedWriter }) => [meta.writer, expectedWriter])
    expect(first![0]).toBe(first![1])
    expect(second).toEqual(third)
    expect(second![0]).not.toBe(first![0])
    await reader.cache.close()
    expect(await machine.stored()).toEqual({ u1: 'old', u2: 'while it only reads', u3: 'as the writer' })
  })

  test('the reader whose store fails is the successor all the same, and asks for the lock once', async () => {
    const writer = await open('writer')
    const reader = await open('reader')
    machine.lose(new Error('the connection was lost'))
    await settled()
    expect(reader.report.storage).toBe('memory')
    expect(machine.locks.waiting).toBe(1)
    await machine.pass(30_000)
    expect(machine.locks.waiting).toBe(1)
    reader.set('u1', 'of the reader')
    writer.cache.abandon()
    await settled()
    expect(reader.report).toMatchObject({ storage: 'indexeddb', persistedOffset: '1' })
    expect(machine.open.size).toBe(1)
  })
})

test('what was read is not stored again: only the changes are', async () => {
  const first = await open('first')
  for (const key of ['u1', 'u2', 'u3']) first.set(key, 'old')
  await first.cache.close()
  const second = await open('second')
  await second.cache.flush()
  expect(machine.commits).toHaveLength(1)
  second.set('u2', 'new')
  await machine.pass(FLUSHED_MS)
  expect(machine.commits.at(-1)).toMatchObject({ replace: false, puts: [{ rows: [{ id: 'u2' }] }] })
  await second.cache.close()
  expect(await machine.stored()).toEqual({ u1: 'old', u2: 'new', u3: 'old' })
})

test('a state that another one has replaced counts as not stored, from the moment of the replacement', async () => {
  const engine = await open('one')
  engine.set('u1', 'of the former stream')
  await machine.pass(FLUSHED_MS)
  const release = machine.hold()
  const storing = engine.cache.replaced()
  await settled()
  expect(engine.report).toMatchObject({ storage: 'indexeddb', persistedOffset: null })
  release()
  await storing
  expect(engine.report).toMatchObject({ storage: 'indexeddb', persistedOffset: '1' })
})

describe('a robbed lock', () => {
  test('ends the writing at once, and the robbed cache waits for its turn', async () => {
    const engine = await open('one')
    engine.set('u1', 'before')
    await machine.pass(FLUSHED_MS)
    const { lock, tell } = machine.locks.rob(NAME)
    tell()
    await settled()
    expect(engine.report).toMatchObject({ storage: 'memory', persistedOffset: null, error: { code: 'STORAGE_FAILED' } })
    expect(machine.open.size).toBe(0)
    engine.set('u1', 'after')
    await engine.cache.flush()
    await machine.pass(120_000)
    expect(machine.commits).toHaveLength(1)
    expect(machine.opened).toHaveLength(1)
    lock.release()
    await settled()
    expect(engine.report).toEqual({ storage: 'indexeddb', persistedOffset: '2', error: null })
    expect(machine.commits.at(-1)).toMatchObject({ replace: true })
  })

  test('of a frozen writer, which does not know: the fence refuses its commit', async () => {
    const frozen = await open('frozen')
    frozen.set('u1', 'before')
    await machine.pass(FLUSHED_MS)
    // The thief's lock is the next writer's.
    machine.locks.rob(NAME).lock.release()
    const next = await open('next')
    next.set('u2', 'of the next writer')
    await machine.pass(FLUSHED_MS)
    frozen.set('u1', 'after')
    await machine.pass(FLUSHED_MS)
    expect(next.report).toMatchObject({ storage: 'indexeddb', persistedOffset: '2', error: null })
    expect(frozen.report).toMatchObject({ storage: 'memory', persistedOffset: null })
    expect(machine.commits.map(({ meta }) => meta.offset)).toEqual(['1', '2'])
  })

  test('while the cache is read: it counts as one failure, and the reading gives nothing', async () => {
    const { engine, hydrating, release } = await reading()
    machine.locks.rob(NAME).tell()
    await settled()
    release()
    expect(await hydrating).toBe(null)
    expect(engine.reports).toMatchObject([{ storage: 'memory', error: { message: 'another tab has taken the cache over' } }])
    expect(machine.open.size).toBe(0)
  })

  test('before the store is open: the cache is read all the same, and not written', async () => {
    const first = await open('first')
    first.set('u1', 'old')
    await first.cache.close()
    let opened = (): void => undefined
    const slow = new Promise<void>((resolve) => { opened = resolve })
    const env = machine.env('slow')
    const engine = new CachedEngine(machine, 'slow', { openStore: (name, durability) => slow.then(() => env.openStore(name, durability)) })
    const hydrating = engine.hydrate()
    await settled()
    machine.locks.rob(NAME).tell()
    await settled()
    opened()
    expect(await hydrating).toMatchObject({ offset: '1' })
    expect(engine.reports).toEqual([{ storage: 'read-only', persistedOffset: '1', error: null }])
  })

  test('where locks are not real, the older of two writers gives in for good', async () => {
    machine.locks.areReal = false
    const older = await open('older')
    older.set('u1', 'of the older')
    await machine.pass(FLUSHED_MS)
    const newer = await open('newer')
    older.set('u1', 'again')
    await machine.pass(FLUSHED_MS)
    expect(older.report).toMatchObject({ storage: 'memory', persistedOffset: null })
    newer.set('u1', 'of the newer')
    await machine.pass(240_000)
    expect(newer.report).toMatchObject({ storage: 'indexeddb', persistedOffset: '2' })
    expect(older.report.storage).toBe('memory')
    expect(machine.opened).toHaveLength(2)
  })
})

describe('a commit that fails', () => {
  test('is made up for with ever longer delays, which begin anew after a success', async () => {
    const engine = await open('one')
    machine.isFull = true
    const failedAt = machine.clock.now() + 150
    engine.set('u1', 'one')
    await machine.pass(120_000)
    const delays = machine.opened.map((at, index) => at - (index < 2 ? failedAt : machine.opened[index - 1]!)).slice(1)
    expect(delays.slice(0, 5)).toEqual([4000, 8000, 15_000, 15_000, 15_000])
    // `storage` does not blink: no report of another mode between the failures.
    expect(engine.reports.map(({ storage }) => storage).filter((storage, index, all) => storage !== all[index - 1])).toEqual(['indexeddb', 'memory'])
    expect(engine.report.error).toMatchObject({ code: 'STORAGE_FAILED', message: 'the disk is full' })
    engine.set('u2', 'two')
    machine.isFull = false
    await machine.pass(15_000)
    expect(engine.report).toEqual({ storage: 'indexeddb', persistedOffset: '2', error: null })
    expect(machine.commits).toMatchObject([{ replace: true, puts: [{ rows: [{ id: 'u1' }, { id: 'u2' }] }] }])
    machine.isFull = true
    const count = machine.opened.length
    engine.set('u3', 'three')
    await machine.pass(150 + 3950)
    expect(machine.opened).toHaveLength(count)
    await machine.pass(50)
    expect(machine.opened).toHaveLength(count + 1)
  })

  test('keeps the offset that is stored, because the former commit is whole', async () => {
    const engine = await open('one')
    engine.set('u1', 'one')
    await machine.pass(FLUSHED_MS)
    machine.isFull = true
    engine.set('u1', 'two')
    await machine.pass(FLUSHED_MS)
    expect(engine.report).toMatchObject({ storage: 'memory', persistedOffset: '1' })
    engine.cache.abandon()
    expect(await machine.stored()).toEqual({ u1: 'one' })
  })
})

test('a full disk is read all the same, and written as a whole once there is room: a former writer may have stored meanwhile', async () => {
  const first = await open('first')
  first.set('u1', 'old')
  await first.cache.close()
  machine.isFull = true
  const engine = await open('one')
  expect(engine.readRows).toEqual({ u1: 'old' })
  expect(engine.report).toEqual({ storage: 'indexeddb', persistedOffset: '1', error: null })
  machine.isFull = false
  engine.set('u2', 'new')
  await machine.pass(FLUSHED_MS)
  expect(machine.commits.at(-1)).toMatchObject({ replace: true, puts: [{ rows: [{ id: 'u1' }, { id: 'u2' }] }] })
})

test('a cache that is closed between two attempts tries no more', async () => {
  const engine = await open('one')
  machine.isFull = true
  engine.set('u1', 'one')
  await machine.pass(FLUSHED_MS)
  await engine.cache.close()
  expect(machine.clock.pending).toBe(0)
  expect(machine.locks.isHeld(NAME)).toBe(false)
})

test('a store that opens after the cache was closed is closed', async () => {
  let opened = (): void => undefined
  const slow = new Promise<void>((resolve) => { opened = resolve })
  const env = machine.env('slow')
  const engine = new CachedEngine(machine, 'slow', { openStore: (name, durability) => slow.then(() => env.openStore(name, durability)) })
  const hydrating = engine.hydrate()
  await settled()
  engine.cache.abandon()
  opened()
  expect(await hydrating).toBe(null)
  expect(machine.opened).toHaveLength(1)
  expect(machine.open.size).toBe(0)
  expect(engine.reports).toEqual([])
})

describe('a store that is lost in the middle of a flush', () => {
  test.each([
    ['and the commit fails too', true],
    ['and the commit is applied all the same', false],
  ])('%s: that is one failure, and everything is stored anew', async (_, isFull) => {
    const engine = await open('one')
    machine.answersLate = !isFull
    const release = machine.hold()
    engine.set('u1', 'one')
    await machine.pass(FLUSHED_MS)
    engine.set('u2', 'during the commit')
    machine.lose(new Error('the connection was lost'))
    await settled()
    machine.isFull = isFull
    release()
    await settled()
    machine.isFull = false
    expect(engine.reports.slice(1)).toMatchObject([{ storage: 'memory', error: { message: 'the connection was lost' } }])
    await machine.pass(3950)
    expect(machine.opened).toHaveLength(1)
    await machine.pass(50)
    expect(machine.opened).toHaveLength(2)
    expect(engine.report).toEqual({ storage: 'indexeddb', persistedOffset: '2', error: null })
    expect(machine.commits.at(-1)).toMatchObject({ replace: true, puts: [{ rows: [{ id: 'u1' }, { id: 'u2' }] }] })
  })

  test('because the database was deleted, but not cleared: it is made again', async () => {
    const engine = await open('one')
    engine.set('u1', 'one')
    await machine.pass(FLUSHED_MS)
    await machine.disk.env.deleteStore(NAME)
    await settled()
    expect(engine.report).toMatchObject({ storage: 'memory', persistedOffset: null })
    await machine.pass(4000)
    expect(engine.report).toEqual({ storage: 'indexeddb', persistedOffset: '1', error: null })
    expect(engine.cleared).toBe(0)
  })

  test('because the database was deleted, and the registry does not answer: nothing is stored any more', async () => {
    const engine = await open('one')
    const reader = await open('reader')
    machine.disk.registryIsBroken = true
    machine.lose(new ClearedCacheError('the cache was deleted'))
    await machine.pass(240_000)
    engine.set('u1', 'one')
    await machine.pass(FLUSHED_MS)
    expect([engine.report.storage, reader.report.storage]).toEqual(['memory', 'memory'])
    expect(machine.opened).toHaveLength(2)
    expect(machine.locks.isHeld(NAME)).toBe(false)
    expect(machine.locks.waiting).toBe(0)
  })
})

describe('cleared', () => {
  test('by another engine while a commit is under way: nothing of it stays, and nothing is stored afterwards', async () => {
    const engine = await open('one')
    engine.set('u1', 'one')
    await machine.pass(FLUSHED_MS)
    const release = machine.hold()
    engine.set('u1', 'two')
    await machine.pass(FLUSHED_MS)
    await clearedElsewhere()
    expect(engine.cleared).toBe(1)
    expect(machine.open.size).toBe(0)
    expect([...machine.disk.media]).toEqual([])
    release()
    await settled()
    engine.set('u2', 'three')
    await engine.cache.flush()
    await machine.pass(120_000)
    expect(engine.reports.slice(-2)).toEqual([
      { storage: 'indexeddb', persistedOffset: '1', error: null },
      { storage: 'memory', persistedOffset: null, error: null },
    ])
    expect([...machine.disk.media]).toEqual([])
    expect(machine.locks.isHeld(NAME)).toBe(false)
  })

  test('by its own engine while a commit is under way', async () => {
    const engine = await open('one')
    const release = machine.hold()
    engine.set('u1', 'one')
    await machine.pass(FLUSHED_MS)
    engine.set('u1', 'two')
    engine.look('a')
    await engine.cache.clear()
    // Unused caches are still looked for, and nothing else is to come.
    expect(machine.clock.pending).toBe(1)
    release()
    await machine.pass(120_000)
    expect(engine.reports.slice(1)).toEqual([{ storage: 'memory', persistedOffset: null, error: null }])
    expect([...machine.disk.media]).toEqual([])
    expect(engine.cleared).toBe(0)
    expect(machine.opened).toHaveLength(1)
  })

  test('while it is read: that the store is closed then is no failure', async () => {
    const { engine, hydrating, release } = await reading()
    await engine.cache.clear()
    release()
    expect(await hydrating).toBe(null)
    expect(engine.reports).toEqual([{ storage: 'memory', persistedOffset: null, error: null }])
  })

  test('while it waits for the lock: the lock is not waited for any more', async () => {
    await open('writer')
    const reader = await open('reader')
    expect(machine.locks.waiting).toBe(1)
    await reader.cache.clear()
    expect(machine.locks.waiting).toBe(0)
  })
})

describe('the working set', () => {
  test('is stored no more than once a second, however often it changes', async () => {
    const engine = await open('one')
    for (let passed = 0; passed < 6000; passed += 100) {
      engine.set('u1', String(passed))
      engine.look(String(passed))
      await machine.pass(100)
    }
    const stored = machine.commits.filter(({ working }) => working !== null)
    expect(machine.commits.length).toBeGreaterThan(20)
    expect(stored.length).toBeGreaterThan(3)
    for (const [index, { at }] of stored.entries()) if (index > 0) expect(at - stored[index - 1]!.at).toBeGreaterThanOrEqual(1000)
  })

  test('is stored at once by a flush that is asked for, and once only', async () => {
    const engine = await open('one')
    engine.look('a')
    await engine.cache.flush()
    expect(machine.commits.map(({ working }) => working?.[0]?.key)).toEqual(['a'])
    engine.set('u1', 'one')
    await engine.cache.flush()
    await machine.pass(5000)
    expect(machine.commits.map(({ working }) => working?.[0]?.key)).toEqual(['a', undefined])
  })

  test('is stored with the first rows: a page that is left soon after its first visit opens with it', async () => {
    const engine = await open('one')
    engine.set('u1', 'one')
    engine.look('a')
    await machine.pass(FLUSHED_MS)
    expect(machine.commits.map(({ working }) => working?.[0]?.key)).toEqual(['a'])
    // Once only.
    engine.set('u1', 'two')
    await machine.pass(5000)
    expect(machine.commits.map(({ working }) => working?.[0]?.key)).toEqual(['a', undefined])
  })

  test('is kept when everything is stored anew', async () => {
    const engine = await open('one')
    engine.set('u1', 'one')
    engine.look('a')
    await machine.pass(5000)
    await engine.cache.replaced()
    expect(machine.commits.at(-1)).toMatchObject({ replace: true, working: [{ key: 'a' }] })
  })

  test('that changed while there was no store is stored with the first commit', async () => {
    const engine = new CachedEngine(machine, 'one')
    engine.look('early')
    await machine.pass(2000)
    await engine.hydrate()
    engine.set('u1', 'one')
    await machine.pass(FLUSHED_MS)
    expect(machine.commits.map(({ working }) => working?.[0]?.key)).toEqual(['early'])
  })
})

describe('while tabs are behind', () => {
  test('a flush steps back, but not for ever', async () => {
    const engine = await open('one')
    engine.isBusy = true
    engine.set('u1', 'one')
    await machine.pass(20 * 150 + 100)
    expect(machine.commits).toEqual([])
    await machine.pass(50)
    expect(machine.commits).toHaveLength(1)
  })

  test('a flush comes as soon as they have caught up', async () => {
    const engine = await open('one')
    engine.isBusy = true
    engine.set('u1', 'one')
    await machine.pass(400)
    engine.isBusy = false
    await machine.pass(50)
    expect(machine.commits.map(({ at }) => at)).toEqual([450])
  })

  test('a flush that is asked for does not step back', async () => {
    const engine = await open('one')
    engine.isBusy = true
    engine.set('u1', 'one')
    await engine.cache.flush()
    expect(machine.commits).toHaveLength(1)
  })
})

test('what changes during a commit is stored by the next one', async () => {
  const engine = await open('one')
  engine.set('u1', 'one')
  await machine.pass(FLUSHED_MS)
  const release = machine.hold()
  engine.set('u2', 'two')
  await machine.pass(FLUSHED_MS)
  engine.set('u3', 'three')
  release()
  await machine.pass(FLUSHED_MS)
  expect(machine.commits.map(({ puts }) => puts.flatMap(({ rows }) => rows.map(({ id }) => id)))).toEqual([['u1'], ['u2'], ['u3']])
  expect(machine.commits.map(({ meta }) => meta.offset)).toEqual(['1', '2', '3'])
})

test('a state that is replaced during a commit replaces what the commit stores', async () => {
  const engine = await open('one')
  const release = machine.hold()
  engine.set('u1', 'one')
  await machine.pass(FLUSHED_MS)
  const replaced = engine.cache.replaced()
  release()
  await replaced
  expect(machine.commits.map(({ replace }) => replace)).toEqual([true, true])
})

test('a closed cache keeps nothing open, and says nothing any more', async () => {
  const engine = await open('one')
  engine.set('u1', 'one')
  engine.look('a')
  await engine.cache.close()
  const said = engine.reports.length
  expect(machine.commits).toHaveLength(1)
  expect(machine.open.size).toBe(0)
  expect(machine.clock.pending).toBe(0)
  expect(machine.locks.isHeld(NAME)).toBe(false)
  expect(machine.origin.channelNames).toEqual([])
  await engine.cache.clear()
  expect(engine.reports).toHaveLength(said)
  expect([...machine.disk.media]).toEqual([])
})
