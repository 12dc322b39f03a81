import * as v from 'valibot'
import type { Library } from './harness.ts'

const user = v.object({ id: v.string(), name: v.string(), age: v.optional(v.number()) })
const message = v.object({ id: v.string(), text: v.string() })

/** The state that scenarios speak of, made by the package under test. */
export const schemaOf = ({ createStateSchema }: Library) =>
  createStateSchema({
    users: { schema: user, type: 'user', primaryKey: 'id' },
    messages: { schema: message, type: 'message', primaryKey: 'id' },
  })

export const insert = (key: string, value: unknown, headers: object = {}): object => ({ type: 'user', key, value, headers: { operation: 'insert', ...headers } })
export const update = (key: string, value: unknown, headers: object = {}): object => ({ type: 'user', key, value, headers: { operation: 'update', ...headers } })
export const remove = (key: string, headers: object = {}): object => ({ type: 'user', key, headers: { operation: 'delete', ...headers } })
