import { beforeEach, describe, expect, test } from 'vitest'
import { Ownership } from '../../src/worker/cache/ownership.ts'
import { LostCacheError, type Lock, type Store } from '../../src/worker/ports.ts'
import { MemoryStore, emptyMedium, type MemoryMedium } from '../../src/worker/store/memory-store.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { StealableLocks } from '../support/cache-machine.ts'
import { settled } from '../support/origin.ts'

const NAME = 'cache'

let clock: ManualClock
let locks: StealableLocks
let medium: MemoryMedium
let happened: string[]
beforeEach(() => {
  clock = new ManualClock()
  locks = new StealableLocks()
  medium = emptyMedium()
  happened = []
})

const ownership = (writer = 'a'): Ownership =>
  new Ownership({ clock, locks, name: NAME, writer, onGranted: () => { happened.push(`${writer} granted`) }, onLockStolen: () => { happened.push(`${writer} robbed`) } })

describe('the lock', () => {
  test('is taken only when it is free', async () => {
    const [one, other] = [ownership('a'), ownership('b')]
    await one.take()
    await other.take()
    expect([one.isHeld, other.isHeld]).toEqual([true, false])
    one.release()
    await other.take()
    expect([one.isHeld, other.isHeld]).toEqual([false, true])
    expect(happened).toEqual([])
  })

  test('is waited for once, and granted when the holder lets go', async () => {
    const [one, other] = [ownership('a'), ownership('b')]
    await one.take()
    void other.wait()
    void other.wait()
    expect(locks.waiting).toBe(1)
    one.release()
    await settled()
    expect(happened).toEqual(['b granted'])
    expect(other.isHeld).toBe(true)
  })

  test('can be waited for again when it was stolen', async () => {
    const one = ownership()
    await one.take()
    const thief = await locks.steal(NAME)
    await settled()
    expect(happened).toEqual(['a robbed'])
    expect(one.isHeld).toBe(false)
    void one.wait()
    thief.release()
    await settled()
    expect(happened).toEqual(['a robbed', 'a granted'])
  })

  test('that was let go of is not missed when it is stolen from the next holder', async () => {
    const one = ownership()
    await one.take()
    const { tell } = locks.rob(NAME)
    one.release()
    tell()
    await settled()
    expect(happened).toEqual([])
  })

  test('that is granted after the end is let go of', async () => {
    const one = ownership()
    const taking = one.take()
    one.end()
    await taking
    expect(one.isHeld).toBe(false)
    expect(locks.isHeld(NAME)).toBe(false)
  })

  test('is not waited for after the end', async () => {
    const [one, other] = [ownership('a'), ownership('b')]
    await one.take()
    void other.wait()
    other.end()
    one.end()
    await other.wait()
    expect(locks.waiting).toBe(0)
    expect(locks.isHeld(NAME)).toBe(false)
    expect(happened).toEqual([])
  })

  test('that is granted twice is held once', async () => {
    const released: string[] = []
    const lock = (name: string): Lock => ({ release: () => { released.push(name) }, lost: new Promise(() => undefined) })
    let grant = (_: Lock): void => undefined
    locks.wait = () => new Promise((resolve) => { grant = resolve })
    locks.take = () => Promise.resolve(lock('taken'))
    const one = ownership()
    void one.wait()
    await one.take()
    grant(lock('waited for'))
    await settled()
    expect(released).toEqual(['waited for'])
    expect(happened).toEqual([])
    one.release()
    expect(released).toEqual(['waited for', 'taken'])
  })
})

describe('the claim', () => {
  test('is of the moment when the lock was granted, and known once the store has it', async () => {
    clock.advance(70)
    const one = ownership()
    await one.take()
    clock.advance(30)
    expect(one.claim).toBe(null)
    await one.claimStore(new MemoryStore(medium))
    expect(one.claim).toEqual({ writer: 'a', since: 70 })
    expect(medium.claim).toEqual({ writer: 'a', since: 70 })
  })

  test('is not made without the lock', async () => {
    const one = ownership()
    await one.claimStore(new MemoryStore(medium))
    expect(one.claim).toBe(null)
    expect(medium.claim).toBeUndefined()
  })

  test('of a writer that has slept is refused, until it is renewed with the lock in hand', async () => {
    const one = ownership('a')
    await one.take()
    clock.advance(50)
    await new MemoryStore(medium).claim({ writer: 'b', since: 20 }, clock.now())
    await expect(one.claimStore(new MemoryStore(medium))).rejects.toThrow(LostCacheError)
    expect(one.claim).toBe(null)
    one.renew()
    await one.claimStore(new MemoryStore(medium))
    expect(one.claim).toEqual({ writer: 'a', since: 50 })
  })

  test('is none when the lock was stolen before the store knew it', async () => {
    let answer = (): void => undefined
    const slow = { claim: () => new Promise<void>((resolve) => { answer = resolve }) } as unknown as Store
    const one = ownership()
    await one.take()
    const claiming = one.claimStore(slow)
    await locks.steal(NAME)
    await settled()
    answer()
    await claiming
    expect(one.claim).toBe(null)
    expect(one.isHeld).toBe(false)
  })

  test('has to be made again after a failure', async () => {
    const one = ownership()
    await one.take()
    await one.claimStore(new MemoryStore(medium))
    one.forgetClaim()
    expect(one.claim).toBe(null)
    expect(one.isHeld).toBe(true)
  })
})
