const integer = new Intl.NumberFormat('en-US')
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' })

const asUtc = (date: string) => new Date(`${date}Z`)

/** `2001-03-10T08:53` → `10 Mar` */
export const formatDay = (date: string) => day.format(asUtc(date))
/** `2001-03-10T08:53` → `Sat 10 Mar` */
export const formatWeekday = (date: string) => weekday.format(asUtc(date)).replace(',', '')
export const formatTime = (date: string) => date.slice(11, 16)

export const formatMean = (minutes: number) => {
  const text = Math.abs(minutes).toFixed(1)
  if (text === '0.0') return text
  return (minutes > 0 ? '+' : '−') + text
}

/** An offset's position in the log, in bytes, as this server writes it: `0000000000000001_0000000000003039` → 12345. */
export function offsetPosition(offset: string | null): number | null {
  const digits = /_(\d+)$/.exec(offset ?? '')?.[1]
  return digits === undefined ? null : Number(digits)
}

export function formatOffset(offset: string | null): string {
  if (offset === '-1') return 'start'
  const position = offsetPosition(offset)
  return position === null ? (offset ?? 'none') : integer.format(position)
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
