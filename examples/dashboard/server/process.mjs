import { createGenerator } from '../../server/generator.mjs'
import { serveLog } from '../../server/log-process.mjs'
import { startLog } from '../../server/log.mjs'
import { changesOf } from './changes.mjs'
import { loadDepots } from './depots.mjs'
import { makeParcels } from './parcels.mjs'

const [firstCount, rate] = process.argv.slice(2).map(Number)
const depots = loadDepots()
let parcels
let nextChanged

function make(count) {
  parcels = makeParcels(count, depots)
  nextChanged = changesOf(parcels, depots)
}

const parcelEvent = (operation, parcel) => ({ type: 'parcel', key: parcel.id, value: parcel, headers: { operation } })

function* first() {
  for (const depot of depots) yield { type: 'depot', key: depot.id, value: depot, headers: { operation: 'insert' } }
  for (const parcel of parcels) yield parcelEvent('insert', parcel)
}

make(firstCount)
const log = await startLog({ name: 'dashboard-stream', first })
const generator = createGenerator({ log, nextChange: (hotShare) => parcelEvent('update', nextChanged(hotShare)), rate })
serveLog({ log, generator, about: () => ({ parcels: parcels.length }), more: { setParcels: make } })
