import * as v from 'valibot'

/** Both sides are given the same schema; neither checks rows that it reads with it, the stock worker having none. */
export const rowSchema = v.object({
  id: v.string(),
  title: v.string(),
  team: v.string(),
  status: v.string(),
  owner: v.string(),
  points: v.number(),
  updatedAt: v.number(),
})
