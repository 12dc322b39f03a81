/** A figure's median as text, with the lowest and the highest run where there are several. */
export function inWords({ median, unit, over, runs = [] }) {
  if (over) return `over ${String(over / 1000)} s`
  const [low, high] = [Math.min(...runs), Math.max(...runs)]
  if (runs.length < 2 || runs.includes(null)) return valueOf(median, unit)
  return `${valueOf(median, unit)} (${valueOf(low, unit, '')}–${valueOf(high, unit, '')})`
}

/** A value of a unit as text; `suffix` replaces the unit's name. */
export function valueOf(value, unit, suffix) {
  const [number, name] = numberOf(value, unit)
  return suffix === undefined && name ? `${number} ${name}` : number
}

function numberOf(value, unit) {
  if (unit === 'bytes') return [(value / 1000).toFixed(1), 'kB']
  if (unit === 'count') return [String(value), '']
  if (unit === 'share') return [(value * 100).toFixed(value < 0.1 ? 2 : 1), '%']
  if (unit === 'ratio') return [value.toFixed(2), '']
  return [value.toFixed(value < 100 ? 1 : 0), 'ms']
}
