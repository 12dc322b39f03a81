/** State Protocol events of the demo. A flight is on the board twice: departed, then arrived with its recorded delay. */
const event = (type, key, operation, value) => ({ type, key, value, headers: { operation } })

export const airportEvent = (airport) => event('airport', airport.iata, 'insert', airport)

export const departed = (flight, operation) =>
  event('flight', flight.id, operation, { ...flight, delay: null, status: 'departed' })

export const arrived = (flight, operation) => event('flight', flight.id, operation, { ...flight, status: 'arrived' })

/** A flight arrives after so many further departures: the farther it goes, the later. */
const turnsInTheAir = ({ distance }) => 2 + Math.round(distance / 150)

/** Departures in order, each followed by its arrival. */
function* play(flights, departure) {
  const arrivals = new Map()
  for (let turn = 0; turn < flights.length || arrivals.size > 0; turn += 1) {
    const flight = flights[turn]
    if (flight) {
      yield departed(flight, departure)
      const due = turn + turnsInTheAir(flight)
      arrivals.set(due, [...(arrivals.get(due) ?? []), flight])
    }
    for (const landed of arrivals.get(turn) ?? []) yield arrived(landed, 'update')
    arrivals.delete(turn)
  }
}

/** The live part: new flights first; after the last one, updates of the latest flights for ever. */
export function* liveEvents(flights, replayed = 240) {
  yield* play(flights, 'insert')
  for (;;) yield* play(flights.slice(-replayed), 'update')
}
