import { useSyncExternalStore } from 'react'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
import { Status } from '../../src/main/status.ts'

describe('the status of a StreamDB', () => {
  test('is the same object until something changes, and then another', () => {
    const status = new Status()
    const first = status.getSnapshot()
    expect(status.getSnapshot()).toBe(first)
    status.set({ connection: 'idle', quarantined: { count: 0, lastReason: null }, lastError: null })
    status.set({})
    expect(status.getSnapshot()).toBe(first)
    status.set({ rows: 1 })
    expect(status.getSnapshot()).not.toBe(first)
    expect(status.getSnapshot()).toEqual({ ...first, rows: 1 })
    expect(first.rows).toBe(0)
  })

  test('tells its listeners of changes only, after the change', () => {
    const status = new Status()
    const seen: number[] = []
    const stop = status.subscribe(() => seen.push(status.getSnapshot().rows))
    status.set({ rows: 1 })
    status.set({ rows: 1 })
    status.set({ rows: 2, quarantined: { count: 1, lastReason: 'r' } })
    stop()
    stop()
    status.set({ rows: 3 })
    expect(seen).toEqual([1, 2])
  })

  test('counts two subscriptions of one listener as two', () => {
    const status = new Status()
    let calls = 0
    const listener = (): void => void (calls += 1)
    const [stop] = [status.subscribe(listener), status.subscribe(listener)]
    status.set({ rows: 1 })
    stop!()
    status.set({ rows: 2 })
    expect(calls).toBe(3)
  })

  test('can be left from inside a listener, and changed from inside one', () => {
    const status = new Status()
    const seen: string[] = []
    const stop = status.subscribe(() => {
      seen.push('first')
      stop()
      status.set({ rows: 2 })
    })
    status.subscribe(() => seen.push(`second ${String(status.getSnapshot().rows)}`))
    status.set({ rows: 1 })
    expect(seen[0]).toBe('first')
    expect(seen.at(-1)).toBe('second 2')
    expect(seen.filter((entry) => entry === 'first').length).toBe(1)
  })

  test('tells every listener although one throws, and its setter goes on', () => {
    const status = new Status()
    let told = false
    status.subscribe(() => {
      throw new Error('a subscriber failed')
    })
    status.subscribe(() => {
      told = true
    })
    expect(() => {
      status.set({ rows: 1 })
    }).not.toThrow()
    expect(told).toBe(true)
  })

  test('calls no listener that another one has just unsubscribed', () => {
    const status = new Status()
    const seen: string[] = []
    status.subscribe(() => {
      seen.push('first')
      stop()
    })
    const stop = status.subscribe(() => seen.push('second'))
    status.set({ rows: 1 })
    expect(seen).toEqual(['first'])
  })

  test('survives a listener that fails in another way each time, and tells the others of it once', () => {
    const status = new Status()
    const seen: Array<string | undefined> = []
    let failures = 0
    status.subscribe(() => {
      failures += 1
      throw new Error(`failure ${String(failures)}`)
    })
    status.subscribe(() => seen.push(status.getSnapshot().lastError?.message))
    status.set({ rows: 1 })
    expect(seen).toEqual([undefined, 'a status listener threw: failure 1'])
    status.set({ rows: 2 })
    expect(seen.length).toBe(4)
    expect(failures).toBe(4)
  })

  test('survives listeners that unsubscribe each other, subscribe anew and then fail', () => {
    const status = new Status()
    let calls = 0
    const stops = new Set<() => void>()
    const listen = (): void => {
      stops.add(
        status.subscribe(() => {
          calls += 1
          for (const stop of stops) stop()
          stops.clear()
          listen()
          throw new Error(`failure ${String(calls)}`)
        }),
      )
    }
    listen()
    listen()
    status.set({ rows: 1 })
    expect(status.getSnapshot()).toMatchObject({ rows: 1, lastError: { code: 'HOOK_FAILED' } })
    expect(calls).toBe(2)
  })

  test('has methods that can be taken off, as React’s useSyncExternalStore takes them', () => {
    const status = new Status()
    const { subscribe, getSnapshot } = status
    const Show = () => createElement('b', null, useSyncExternalStore(subscribe, getSnapshot, getSnapshot).connection)
    expect(renderToString(createElement(Show))).toBe('<b>idle</b>')
  })

  test('has a server snapshot that stays as it was at first', () => {
    const status = new Status('leader')
    const first = status.getServerSnapshot()
    expect(first).toEqual(status.getSnapshot())
    status.set({ connection: 'live', rows: 3 })
    expect(status.getServerSnapshot()).toBe(first)
    expect(first).toMatchObject({ connection: 'idle', rows: 0, where: 'leader' })
  })

  test('is a store that tells its subscriber at once, then of each change, until it is left', () => {
    const status = new Status()
    const seen: number[] = []
    const { subscribe } = status.store
    const stop = subscribe(({ rows }) => seen.push(rows))
    status.set({ rows: 1 })
    stop()
    status.set({ rows: 2 })
    expect(seen).toEqual([0, 1])
  })
})
