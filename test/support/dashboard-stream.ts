/** What the dashboard's panels have to show, computed from its stream without the library. */
interface Parcel {
  readonly id: string
  readonly to: string
  readonly depot: string
  readonly service: string
  readonly state: string
  readonly weight: number
  readonly value: number
  readonly day: number
  readonly hour: number
  readonly second: number
}

export interface Shown {
  /** State → count, and so on. */
  readonly states: Record<string, number>
  readonly services: Record<string, number>
  readonly countries: Record<string, number>
  readonly weights: Record<string, number>
  readonly hours: Record<string, number>
  /** Of the newest seconds, oldest first. */
  readonly seconds: number[]
  /** Ids, the dearest first. */
  readonly dearest: string[]
}

interface Event {
  readonly type: string
  readonly key: string
  readonly value: object
}

const SECONDS = 30
const COUNTRIES = 6
const DEAREST = 7
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

export interface Contents {
  readonly parcels: readonly Parcel[]
  readonly depots: ReadonlyMap<string, { readonly country: string }>
}

/** Reads the whole stream that the dashboard's server has now. */
export async function readContents(demoUrl: string): Promise<Contents> {
  const { path } = (await (await fetch(`${demoUrl}demo/dashboard/open`)).json()) as { path: string }
  const parcels = new Map<string, Parcel>()
  const depots = new Map<string, { readonly country: string }>()
  for (let offset = '-1'; ; ) {
    const answer = await fetch(`${new URL(path, demoUrl).href}?offset=${offset}`)
    for (const { type, key, value } of (await answer.json()) as Event[]) {
      if (type === 'parcel') parcels.set(key, value as Parcel)
      else depots.set(key, value as { country: string })
    }
    offset = answer.headers.get('stream-next-offset') ?? offset
    if (answer.headers.get('stream-up-to-date') !== null) return { parcels: [...parcels.values()], depots }
  }
}

function countBy(parcels: readonly Parcel[], nameOf: (parcel: Parcel) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const parcel of parcels) counts[nameOf(parcel)] = (counts[nameOf(parcel)] ?? 0) + 1
  return counts
}

export const hourName = (day: number, hour: number): string => `${DAYS[day]!} ${String(hour).padStart(2, '0')}:00`

export function shownOf({ parcels, depots }: Contents): Shown {
  const newest = Math.max(...parcels.map(({ second }) => second))
  const bySecond = countBy(parcels, ({ second }) => String(second))
  const byCountry = Object.entries(countBy(parcels, ({ depot }) => depots.get(depot)!.country))
  const underWay = parcels.filter(({ state }) => ['collected', 'in transit', 'out for delivery'].includes(state))
  return {
    states: countBy(parcels, ({ state }) => state),
    services: countBy(parcels, ({ service }) => service),
    countries: Object.fromEntries(byCountry.sort(([a, countA], [b, countB]) => countB - countA || a.localeCompare(b)).slice(0, COUNTRIES)),
    weights: countBy(parcels, ({ weight }) => `${String(weight)} kg`),
    hours: countBy(parcels, ({ day, hour }) => hourName(day, hour)),

    seconds: Array.from({ length: SECONDS }, (_, index) => bySecond[String(newest - SECONDS + 1 + index)] ?? 0),
    dearest: underWay.sort((a, b) => b.value - a.value || (a.id < b.id ? -1 : 1)).slice(0, DEAREST).map(({ id }) => id),
  }
}

/** The first parcels whose recipient has a text in the name. */
export const found = ({ parcels }: Contents, text: string, first: number): string[] =>
  parcels
    .filter(({ to }) => to.toLowerCase().includes(text.toLowerCase()))
    .map(({ id }) => id)
    .sort()
    .slice(0, first)
