// @vitest-environment-options {"own":"simulation/sim-outbox"}
import { beforeEach, expect, test } from 'vitest'
import { outboxName } from '../../src/shared/names.ts'
import { ClearedCacheError, type OutboxStore, type StoreReader } from '../../src/worker/ports.ts'
import { change, entry } from '../contract/outbox-samples.ts'
import { segment, write as cacheWrite } from '../contract/stored-samples.ts'
import { SimStorage } from './sim-storage.ts'
import { Process, settle, World } from './world.ts'

const CACHE = 'cache'
const NAME = outboxName('https://h/stream', 'me')

let world: World
let storage: SimStorage
let process: Process
beforeEach(() => {
  world = new World(7)
  storage = new SimStorage(world, CACHE)
  process = new Process('worker')
})

async function rest(): Promise<void> {
  do await settle()
  while (await world.step())
}

/** What becomes of `work` until nothing happens any more; `pending` when it never settles. */
async function outcomeOf<T>(work: Promise<T>): Promise<T | Error | 'pending'> {
  let outcome: T | Error | 'pending' = 'pending'
  void work.then(
    (value) => { outcome = value },
    (error: unknown) => { outcome = error as Error },
  )
  await rest()
  return outcome
}

async function open(by = process): Promise<OutboxStore> {
  const outbox = (await outcomeOf(storage.openOutbox(by, NAME))) as OutboxStore
  await outcomeOf(outbox.claim({ writer: by.name, since: world.now }, world.now))
  return outbox
}

const write = (number: number): Parameters<OutboxStore['commit']>[0] => change([entry(number)], { expectedWriter: process.name })
const stored = (): number[] => [...storage.outboxes.get(NAME)!.entries.keys()]

test('an outbox outlives its process', async () => {
  const first = await open()
  expect(await outcomeOf(first.commit(write(1)))).toBeUndefined()
  process.kill()
  const next = await open(new Process('next'))
  expect(await outcomeOf(next.read())).toMatchObject({ entries: [entry(1)] })
})

test('a commit of a process that dies is stored whole or not at all, and never acknowledged', async () => {
  const seen = new Set<string>()
  for (let steps = 0; steps < 4; steps += 1) {
    process = new Process(`worker ${String(steps)}`)
    const outbox = await open()
    await outcomeOf(outbox.commit({ ...write(1), replace: true }))
    const committing = outbox.commit({ ...write(2), remove: [1] })
    for (let step = 0; step < steps; step += 1) await world.step()
    process.kill()
    const outcome = await outcomeOf(committing)
    seen.add(`${String(outcome)} ${String(stored())}`)
  }
  expect([...seen].sort()).toEqual(['pending 1', 'pending 2', 'undefined 2'])
})

test('a full device refuses claims and commits, and still reads', async () => {
  const outbox = await open()
  await outcomeOf(outbox.commit(write(1)))
  storage.full = true
  expect(await outcomeOf(outbox.commit(write(2)))).toEqual(new Error('QuotaExceededError'))
  expect(await outcomeOf(outbox.claim({ writer: 'x', since: 1 }, 1))).toEqual(new Error('QuotaExceededError'))
  expect(await outcomeOf(outbox.read())).toMatchObject({ entries: [entry(1)] })
})

test('a device that refuses does nothing', async () => {
  const outbox = await open()
  storage.refused = true
  expect(await outcomeOf(outbox.commit(write(1)))).toBeInstanceOf(Error)
  expect(await outcomeOf(outbox.read())).toBeInstanceOf(Error)
  expect(await outcomeOf(storage.openOutbox(process, NAME))).toBeInstanceOf(Error)
  expect(stored()).toEqual([])
})

test('what hangs is given up, and may be done all the same', async () => {
  const outbox = await open()
  storage.hang()
  expect(await outcomeOf(outbox.commit(write(1)))).toEqual(new Error('IndexedDB did not answer in time'))
  expect(stored()).toEqual([])
  storage.answerAgain()
  await rest()
  expect(stored()).toEqual([1])
})

test('what hung, was given up and is refused when the device answers again keeps no deletion waiting', async () => {
  const outbox = await open()
  storage.hang()
  expect(await outcomeOf(outbox.commit(write(1)))).toEqual(new Error('IndexedDB did not answer in time'))
  storage.refused = true
  storage.answerAgain()
  await rest()
  storage.refused = false
  expect(await outcomeOf(storage.delete(process, NAME))).toBeUndefined()
  expect(stored()).toEqual([])
})

test('a read of the cache that was given up tells its reader nothing more', async () => {
  const cache = (await outcomeOf(storage.open(process))) as Awaited<ReturnType<SimStorage['open']>>
  await outcomeOf(cache.claim({ writer: 'id1', since: 0 }, 0))
  await outcomeOf(cache.commit(cacheWrite('7', [segment(1)], { expectedWriter: 'id1' })))
  const told: string[] = []
  const reader: StoreReader = {
    accept: () => told.push('meta') > 0,
    preview: () => undefined,
    isPreviewing: () => false,
    take: () => told.push('segments'),
  }
  storage.hang()
  expect(await outcomeOf(cache.read(reader))).toEqual(new Error('IndexedDB did not answer in time'))
  storage.answerAgain()
  await rest()
  expect(told).toEqual([])
  expect(await outcomeOf(cache.read(reader))).toMatchObject({ offset: '7' })
  expect(told).toEqual(['meta', 'segments'])
})

test('who has an outbox open is told when it is deleted, after what has begun has ended', async () => {
  const outbox = await open()
  const committing = outbox.commit(write(1))
  const deleting = storage.delete(new Process('other'), NAME)
  expect(await outcomeOf(deleting)).toBeUndefined()
  expect(await outcomeOf(committing)).toBeUndefined()
  expect(await outcomeOf(outbox.lost)).toEqual(new ClearedCacheError('the outbox was deleted'))
  expect(await outcomeOf(outbox.commit(write(2)))).toBeInstanceOf(ClearedCacheError)
  expect(storage.outboxes.get(NAME)).toMatchObject({ head: null, claim: null, recent: [] })
  expect(stored()).toEqual([])
  expect(await outcomeOf((await open()).read())).toBeNull()
})

test('an outbox opens only when its deletion has ended', async () => {
  const outbox = await open()
  storage.hang()
  const committing = outbox.commit(write(1))
  const deleting = storage.delete(process, NAME)
  const opening = storage.openOutbox(process, NAME)
  storage.answerAgain()
  const next = (await outcomeOf(opening)) as OutboxStore
  await outcomeOf(Promise.allSettled([committing, deleting]))
  await outcomeOf(next.claim({ writer: process.name, since: world.now }, world.now))
  expect(await outcomeOf(next.commit(write(2)))).toBeUndefined()
  expect(stored()).toEqual([2])
})

test('cache and outbox are deleted each by itself', async () => {
  const outbox = await open()
  await outcomeOf(outbox.commit(write(1)))
  const cache = await outcomeOf(storage.open(process))
  expect(await outcomeOf(storage.delete(process, CACHE))).toBeUndefined()
  expect(await outcomeOf((cache as Awaited<ReturnType<SimStorage['open']>>).lost)).toEqual(new ClearedCacheError('the cache was deleted'))
  expect(await outcomeOf(outbox.lost)).toBe('pending')
  expect(stored()).toEqual([1])
})
