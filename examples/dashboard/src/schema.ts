import { createStateSchema, type SyncMode } from 'sidestream/state'
import * as v from 'valibot'

/** In the order in which a parcel has them. */
export const STATES = ['booked', 'collected', 'in transit', 'out for delivery', 'delivered', 'returned'] as const
export const SERVICES = ['economy', 'standard', 'express', 'freight'] as const

const whole = v.pipe(v.number(), v.integer())

const parcel = v.object({
  id: v.string(),
  /** Who gets it. */
  to: v.string(),
  /** Where it is. */
  depot: v.string(),
  service: v.picklist(SERVICES),
  state: v.picklist(STATES),
  /** Kilograms. */
  weight: whole,
  /** Cents. */
  value: whole,
  /** When it was booked: 0 is Monday. */
  day: v.pipe(whole, v.minValue(0), v.maxValue(6)),
  hour: v.pipe(whole, v.minValue(0), v.maxValue(23)),
  /** Second of the last change. */
  second: whole,
})

const depot = v.object({ id: v.string(), city: v.string(), country: v.string() })

/** @param syncMode what a tab holds of the collections */
export const schemaWith = (syncMode: SyncMode) =>
  createStateSchema({
    depots: { schema: depot, type: 'depot', primaryKey: 'id', syncMode },
    parcels: { schema: parcel, type: 'parcel', primaryKey: 'id', syncMode },
  })

export const schema = schemaWith('on-demand')
