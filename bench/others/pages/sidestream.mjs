import { createLiveQueryCollection } from '@tanstack/db'
import { openSidestream } from '../../pages/open-sidestream.ts'
import { liveTop } from './live-top.mjs'
import { otherPage } from './other-page.mjs'

function open({ stream, mode }) {
  const { collection, preload, kept } = openSidestream(stream, () => new Worker('/other-sidestream-worker.js', { type: 'module' }), mode)
  const preloaded = preload()
  return {
    install: () => preloaded.then(kept),
    /** By the stream, as all that it shows. */
    async update(rows) {
      const events = rows.map((value) => ({ type: 'row', key: value.id, value, headers: { operation: 'update' } }))
      const answer = await fetch(stream, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(events) })
      if (!answer.ok) throw new Error(`append refused: ${String(answer.status)}`)
    },
    stored: kept,
    top: (order, told) => liveTop(createLiveQueryCollection, collection, order, told),
  }
}

otherPage(open, { isSynced: true })
