const HOT_CITIES = 100

/** A figure stays within this part of the one on record, half of it up and half of it down. */
const MOST_DRIFT = 0.01
/** Half a percent of a village would be nobody. */
const LEAST_SCALE = 1000

/** A whole number of 32 bits that looks like chance, the same for the same number (the last step of MurmurHash3). */
function scramble(number) {
  let bits = number | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

const DRAWS = 3
const drawOf = (change, nth) => scramble(Math.imul(change * DRAWS + nth + 1, 0x9e3779b1)) / 2 ** 32

/**
 * Makes populations change for ever. Most changes are anywhere in the world; a share is among the largest cities, which is
 * where the page looks at first. What a change is depends on its number and on that share only: a log of them can be read
 * again without having been kept.
 * @param cities with the figures on record
 */
export function createDrift(cities) {
  const recorded = cities.map(({ population }) => population)
  const hot = cities
    .map((_, index) => index)
    .sort((a, b) => recorded[b] - recorded[a])
    .slice(0, HOT_CITIES)

  return function changeAt(number, hotShare) {
    const pick = (count) => Math.floor(drawOf(number, 1) * count)
    const index = drawOf(number, 0) < hotShare ? hot[pick(hot.length)] : pick(cities.length)
    const step = (drawOf(number, 2) - 0.5) * MOST_DRIFT * Math.max(recorded[index], LEAST_SCALE)
    return { index, population: Math.max(0, Math.round(recorded[index] + step)) }
  }
}
