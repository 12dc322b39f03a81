import { createDrift } from '../../cities/server/drift.mjs'
import { cityEvent, cityOf, countriesOf } from '../../cities/server/rows.mjs'

/**
 * The log of the cities board, which keeps no events: each is made of its place in the log. First every city is inserted, then
 * come the changes. So its state is small, and a log that goes on from it is the same log.
 * @param data records of cities: `[id, name, country, region, population]`
 * @param state of a log that goes on
 */
export function createCitiesLog({ data, state, pathOf }) {
  const cities = data.map(([id, name, country, region, population]) => cityOf({ id, name, country, region, population }))
  const countries = countriesOf(cities)
  const changeAt = createDrift(cities)
  const waiting = new Set()

  /** `shares`: from which change on which share of them hits the largest cities. */
  let { id, changes, shares } = state ?? fresh()
  function fresh() {
    return { id: Date.now().toString(36), changes: 0, shares: [] }
  }

  function tell() {
    for (const done of waiting) done()
    waiting.clear()
  }

  const shareAt = (change) => shares.findLast(({ from }) => from <= change).share

  function eventAt(place) {
    if (place < cities.length) return cityEvent('insert', cities[place])
    const change = place - cities.length
    const { index, population } = changeAt(change, shareAt(change))
    return cityEvent('update', { ...cities[index], population })
  }

  return {
    get path() {
      return pathOf(id)
    },
    get changes() {
      return changes
    },
    get length() {
      return cities.length + changes
    },
    about: () => ({ cities: cities.length, countries }),
    state: () => ({ id, changes, shares }),
    startOver() {
      // Another one also for somebody who starts it over twice in a moment.
      const former = id
      ;({ id, changes, shares } = fresh())
      if (id === former) id += '-'
      tell()
    },
    /** @param added the share of the largest cities, once for each change */
    change(added) {
      const [share] = added
      if (shares.at(-1)?.share !== share) shares = [...shares, { from: changes, share }]
      changes += added.length
      tell()
    },
    /** The events from one place to another, as JSON. */
    read(from, to) {
      const events = Array.from({ length: to - from }, (_, index) => JSON.stringify(eventAt(from + index)))
      return `[${events.join(',')}]`
    },
    /** Ends what waits for a change. */
    wake: tell,
    /** Settles at the next change, when it is woken, or when the time is up. */
    next(ms) {
      return new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer)
          waiting.delete(done)
          resolve()
        }
        const timer = setTimeout(done, ms)
        waiting.add(done)
      })
    },
  }
}
