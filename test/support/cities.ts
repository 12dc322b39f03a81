import * as v from 'valibot'
import { createStateSchema, type SyncMode } from '../../src/shared/state-schema.ts'

const city = v.object({ id: v.string(), name: v.string(), population: v.number(), country: v.string() })
const country = v.object({ id: v.string(), name: v.string() })

export type City = v.InferOutput<typeof city>
export type Country = v.InferOutput<typeof country>

/** A large collection, of which tests show few rows, and a small collection. */
export const citiesAs = (syncMode: SyncMode) =>
  createStateSchema({
    cities: { schema: city, type: 'city', primaryKey: 'id', syncMode },
    countries: { schema: country, type: 'country', primaryKey: 'id' },
  })

export const citySchema = citiesAs('on-demand')

const SYLLABLES = ['ba', 'den', 'hal', 'ken', 'lo', 'mar', 'nor', 'os', 'ri', 'stad', 'ul', 'wick']
const COUNTRIES = 40

/** City number `index`. No two cities have the same population, and cities with adjacent numbers are not adjacent in size. */
export function cityAt(index: number): City {
  const syllables = [index % 12, Math.floor(index / 12) % 12, Math.floor(index / 144) % 12]
  return {
    id: `c${String(index).padStart(6, '0')}`,
    name: syllables.map((at) => SYLLABLES[at]).join(''),
    population: ((index * 7919) % 1_000_003) + 1,
    country: `k${String((index * 31) % COUNTRIES)}`,
  }
}

/** `count` cities from the n-th on, and the countries that they are in. */
export function cityEvents(count: number, first = 0): unknown[] {
  return [
    ...Array.from({ length: COUNTRIES }, (_, index) => citySchema.countries.insert({ value: { id: `k${String(index)}`, name: `Country ${String(index)}` } })),
    ...Array.from({ length: count }, (_, index) => citySchema.cities.insert({ value: cityAt(first + index) })),
  ]
}
