import {
  createBrowserWASQLitePersistence,
  openBrowserWASQLiteOPFSDatabase,
  persistedCollectionOptions,
} from '@tanstack/browser-db-sqlite-persistence'
import { createCollection, createLiveQueryCollection } from '@tanstack/db'
import { liveTop } from './live-top.mjs'
import { otherPage } from './other-page.mjs'

/** As in its README, for one tab: a collection with a source, which is the page here, that is persisted. */
async function open({ mode }) {
  const database = await openBrowserWASQLiteOPFSDatabase({ databaseName: 'others.sqlite' })
  let source
  const collection = createCollection(
    persistedCollectionOptions({
      id: 'rows',
      getKey: ({ id }) => id,
      syncMode: mode,
      schemaVersion: 1,
      persistence: createBrowserWASQLitePersistence({ database }),
      sync: {
        sync(params) {
          source = params
          params.markReady()
          return { loadSubset: () => true }
        },
      },
    }),
  )
  await collection.preload()
  // Such a commit resolves when it is persisted.
  const write = (type) => async (rows) => {
    source.begin()
    for (const value of rows) source.write({ type, value })
    await source.commit()
  }
  return {
    install: write('insert'),
    update: write('update'),
    top: (order, told) => liveTop(createLiveQueryCollection, collection, order, told),
  }
}

otherPage(open)
