import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createStreamDB, type CreateStreamDBOptions } from '../../src/main/index.ts'
import { StreamHooks } from '../../src/main/stream-hooks.ts'
import type { DiffBatch, TabBatch } from '../../src/shared/batch.ts'
import { MemoryStream } from '../property/subsets/memory-stream.ts'
import { itemEvents, schema } from '../support/schema.ts'

let stream: MemoryStream
const open: Array<{ close(): void }> = []
beforeEach(() => {
  stream = new MemoryStream('http://memory/s')
})
afterEach(() => {
  for (const db of open.splice(0)) db.close()
})

describe('a collection that is cleaned up and used again', () => {
  test('while a batch is applied has its events handed to the hooks once', async () => {
    stream.append(itemEvents(3))
    const seen: string[] = []
    let restart: (() => void) | null = null
    const options: CreateStreamDBOptions<typeof schema> = {
      streamOptions: { url: stream.url, contentType: 'application/json', fetch: stream.fetch },
      state: schema,
      cache: false,
      onBeforeBatch: ({ items }) => seen.push(`before ${String(items.length)}`),
      onEvent: ({ key }) => {
        seen.push(key)
        restart?.()
        restart = null
      },
      onBatch: ({ items }) => seen.push(`after ${String(items.length)}`),
    }
    const db = createStreamDB(options)
    open.push(db)
    await db.preload()
    seen.length = 0
    restart = () => {
      void db.collections.items.cleanup()
      db.collections.items.startSyncImmediate()
    }
    stream.append(itemEvents(2, 3))
    await vi.waitFor(() => {
      expect(db.collections.items.size).toBe(5)
    })
    stream.append(itemEvents(1, 5))
    await vi.waitFor(() => {
      expect(db.collections.items.size).toBe(6)
    })
    expect(seen).toEqual(['before 2', 'i000003', 'i000004', 'after 2', 'before 1', 'i000005', 'after 1'])
  })
})

describe('raw batches that come again because a diff was refused', () => {
  const raw = (offset: string): TabBatch => ({ items: [], changes: [], offset, upToDate: true, streamClosed: false })
  const diff = (...events: TabBatch[]): DiffBatch => ({ events, invalid: [], diffs: [], last: true }) as unknown as DiffBatch

  test('are handed over once, and those that come along are', () => {
    const seen: string[] = []
    const hooks = new StreamHooks({ onBeforeBatch: ({ offset }) => seen.push(`before ${offset}`), onBatch: ({ offset }) => seen.push(`after ${offset}`) }, () => undefined)
    const first = diff(raw('1'), raw('2'))
    hooks.before(first)
    hooks.refused(first)
    const second = diff(raw('1'), raw('2'), raw('3'))
    hooks.before(second)
    hooks.refused(second)
    const third = diff(raw('1'), raw('2'), raw('3'), raw('4'))
    hooks.before(third)
    hooks.after(third)
    hooks.before(diff(raw('4')))
    expect(seen).toEqual(['before 1', 'before 2', 'before 3', 'before 4', 'after 1', 'after 2', 'after 3', 'after 4', 'before 4'])
  })

  test('are others when the engine does not send them again, or is another one', () => {
    const seen: string[] = []
    const hooks = new StreamHooks({ onBeforeBatch: ({ offset }) => seen.push(offset) }, () => undefined)
    hooks.before(diff(raw('1')))
    hooks.refused(diff(raw('1')))
    hooks.before(diff(raw('2')))
    hooks.before(diff(raw('1')))
    hooks.refused(diff(raw('1')))
    hooks.follow()
    hooks.before(diff(raw('1')))
    expect(seen).toEqual(['1', '2', '1', '1'])
  })
})
