import { db } from '../db.ts'

export const SHOWN = 10
/** Below this an average says little. */
export const MIN_FLIGHTS = 8

// The same collection for the same parameters, while it is in use.
export const airportDelays = (since: string) => db.query('airportDelays', { since, minFlights: MIN_FLIGHTS, shown: SHOWN })
export const hoursOfDay = (since: string) => db.query('hours', { since })
