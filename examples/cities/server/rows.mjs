/** What a server of the board needs to make of the data set, in Node and in a service worker. */

/** Lower case and without accents, so that "sao" finds São Paulo. */
const fold = (name) => name.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

export const cityOf = ({ id, name, country, region, population }) => ({ id, name, search: fold(name), country, region, population })

export const cityEvent = (operation, city) => ({ type: 'city', key: city.id, value: city, headers: { operation } })

/** Country codes, those with the most cities first. */
export function countriesOf(cities) {
  const counts = new Map()
  for (const { country } of cities) counts.set(country, (counts.get(country) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a).map(([code]) => code)
}
