import { expect, test } from 'vitest'
import { CACHE_FORMAT } from '../../src/shared/names.ts'
import type { StorageEnv } from '../../src/worker/ports.ts'
import { doomedCache, erase } from '../../src/worker/cache/erase.ts'

/** What is asked of the storage, in order; the registry takes no notes at first. */
function storage(refusedNotes: number): { env: StorageEnv; asked: string[] } {
  const asked: string[] = []
  const env = {
    wallNow: () => 1000,
    random: () => 0,
    clock: { now: () => 0, after: () => () => undefined },
    openChannel: () => null,
    deleteStore: (name: string) => {
      if (name.startsWith(`sidestream:${String(CACHE_FORMAT)}:`)) asked.push('delete')
      return Promise.resolve()
    },
    registry: {
      doom: () => {
        asked.push('note')
        return asked.filter((what) => what === 'note').length > refusedNotes ? Promise.resolve() : Promise.reject(new Error('QuotaExceededError'))
      },
      drop: () => Promise.resolve(),
    },
  }
  return { env: env as unknown as StorageEnv, asked }
}

test('a cache is noted before it is deleted', async () => {
  const { env, asked } = storage(0)
  await erase(env, doomedCache(env, 'http://s/1', ''))
  expect(asked).toEqual(['note', 'delete'])
})

test('an engine that opened the cache before a late note is told by another deletion', async () => {
  const { env, asked } = storage(1)
  await erase(env, doomedCache(env, 'http://s/1', ''))
  expect(asked).toEqual(['note', 'delete', 'note', 'delete'])
})

test('a note that cannot be made is an error', async () => {
  const { env, asked } = storage(2)
  await expect(erase(env, doomedCache(env, 'http://s/1', ''))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  expect(asked).toEqual(['note', 'delete', 'note'])
})
