/**
 * How long each change took until it was shown, ms.
 *
 * @param changedAts when rows were changed
 * @param results when each result was shown, and the time of the newest change in it; in the order in which they were shown
 */
export function agesOf(changedAts, results) {
  const ages = []
  let next = 0
  for (const changedAt of [...changedAts].sort((a, b) => a - b)) {
    while (next < results.length && results[next][1] < changedAt) next += 1
    ages.push(next < results.length ? results[next][0] - changedAt : Infinity)
  }
  return ages
}
