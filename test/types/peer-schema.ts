import * as v from 'valibot'

export const user = v.object({ id: v.string(), name: v.string(), age: v.optional(v.number()) })
export const item = v.object({ key: v.string(), tags: v.array(v.string()), at: v.nullable(v.number()) })

export interface User {
  id: string
  name: string
  age?: number | undefined
}

export interface Item {
  key: string
  tags: string[]
  at: number | null
}
