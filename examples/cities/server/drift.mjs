const HOT_CITIES = 100

/**
 * Makes populations change for ever: an endless source of cities that have just changed. Most are anywhere in the world;
 * a share is among the largest, which is where the page looks at first. Each stays near the figure on record.
 */
export function createDrift(cities) {
  const recorded = cities.map(({ population }) => population)
  const hot = cities
    .map((_, index) => index)
    .sort((a, b) => recorded[b] - recorded[a])
    .slice(0, HOT_CITIES)
  const pick = (count) => Math.floor(Math.random() * count)

  return function nextChanged(hotShare) {
    const index = Math.random() < hotShare ? hot[pick(hot.length)] : pick(cities.length)
    const city = cities[index]
    const drawnBack = (recorded[index] - city.population) * 0.05
    const step = (Math.random() - 0.5) * 0.01 * Math.max(recorded[index], 1000)
    city.population = Math.max(0, Math.round(city.population + drawnBack + step))
    return city
  }
}
