import * as v from 'valibot'

/** A row; both sides make their state of it. */
export const city = v.object({
  id: v.string(),
  name: v.string(),
  /** The name in lower case and without accents. */
  search: v.string(),
  /** ISO 3166 code. */
  country: v.string(),
  region: v.string(),
  population: v.number(),
})

export type City = v.InferOutput<typeof city>
