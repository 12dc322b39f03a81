const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined || !Number.isFinite(count)) return '–'
  let value = count
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value >= 100 || unit === 0 ? String(Math.round(value)) : value.toFixed(1)} ${UNITS[unit]!}`
}

/** With thin spaces between thousands. */
export const count = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009')

export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`

export function percent(part: number, whole: number): string {
  if (whole === 0) return '–'
  const rounded = Math.round((100 * part) / whole)
  return rounded === 0 && part > 0 ? '< 1 %' : `${String(rounded)} %`
}

export const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : String(Math.round(ms))} ms`

/** A moment by the wall clock, as the time of its day. */
export function time(at: number): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? '–' : [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

/** How long ago that was. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${String(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${String(minutes)} min ${String(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${String(hours)} h ${String(minutes % 60)} min` : `${String(Math.floor(hours / 24))} days`
}

/** An offset for people: servers fill its numbers up with zeros. */
export const shortOffset = (offset: string): string => short(offset.replaceAll(/(^|_)0+(?=\d)/g, '$1'), 40)

/** The beginning of a text, in one line. */
export const short = (text: string, most: number): string => {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

/** A URL without user, query and fragment: these may be credentials. */
export function plainUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url)
    return `${protocol}//${host}${pathname}`
  } catch {
    return url.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/@]*@/i, '$1//')
  }
}

/** What a stream is called among others: the end of its path. */
export const streamName = (url: string): string => plainUrl(url).replace(/^[a-z]+:\/\/[^/]*/i, '') || url
