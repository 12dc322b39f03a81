import { readFile } from 'node:fs/promises'

const DATA = new URL('../../../node_modules/vega-datasets/data/', import.meta.url)

/** Rows of a CSV text as objects; a field may be quoted and then hold commas. */
function parseCsv(text) {
  const [head, ...lines] = text.trim().split(/\r?\n/)
  const names = head.split(',')
  return lines.map((line) => {
    const fields = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)]
    return Object.fromEntries(names.map((name, i) => [name, fields[i]?.[1]?.replaceAll('""', '"') ?? fields[i]?.[2] ?? '']))
  })
}

/**
 * A flight's row. The data set records the minute of departure and, as `delay`, the arrival delay in minutes;
 * cancelled flights are not in it. The id is made of the flight's own fields.
 */
function toFlight(record, timesSeen) {
  const date = record.date.replaceAll('/', '-').replace(' ', 'T')
  const name = `${date.replaceAll(/\D/g, '')}-${record.origin}-${record.destination}`
  const nth = (timesSeen.get(name) ?? 0) + 1
  timesSeen.set(name, nth)
  return {
    id: nth === 1 ? name : `${name}-${nth}`,
    date,
    hour: Number(date.slice(11, 13)),
    origin: record.origin,
    destination: record.destination,
    distance: record.distance,
    delay: record.delay,
  }
}

/** The flights in order of departure, and the airports they use. */
export async function loadDataset() {
  const [flightsText, airportsText] = await Promise.all([
    readFile(new URL('flights-20k.json', DATA), 'utf8'),
    readFile(new URL('airports.csv', DATA), 'utf8'),
  ])
  const timesSeen = new Map()
  const flights = JSON.parse(flightsText).map((record) => toFlight(record, timesSeen))
  const used = new Set(flights.flatMap((flight) => [flight.origin, flight.destination]))
  const airports = parseCsv(airportsText)
    .filter((airport) => used.has(airport.iata))
    .map(({ iata, name, city, state }) => ({ iata, name, city, state }))
  return { flights, airports }
}
