import { createStateSchema } from 'sidestream/state'
import * as v from 'valibot'

const iata = v.pipe(v.string(), v.regex(/^[A-Z0-9]{3}$/))

const flight = v.object({
  id: v.string(),
  /** Minute of departure, local time: `2001-03-10T08:53`. */
  date: v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/)),
  hour: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(23)),
  origin: iata,
  destination: iata,
  /** Miles. */
  distance: v.number(),
  /** Minutes late at arrival, negative when early; null until the flight has arrived. */
  delay: v.nullable(v.number()),
  status: v.picklist(['departed', 'arrived']),
})

const airport = v.object({ iata, name: v.string(), city: v.string(), state: v.string() })

export type Flight = v.InferOutput<typeof flight>
export type Airport = v.InferOutput<typeof airport>

export const schema = createStateSchema({
  airports: { schema: airport, type: 'airport', primaryKey: 'iata' },
  // The worker holds all of them; the tab gets the ones that the board shows.
  flights: { schema: flight, type: 'flight', primaryKey: 'id', syncMode: 'on-demand' },
})
