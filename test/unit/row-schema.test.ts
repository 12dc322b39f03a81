import * as v from 'valibot'
import { expect, test } from 'vitest'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { rowSchema } from '../../src/main/row-schema.ts'

const ask = (schema: StandardSchemaV1, value: unknown) => rowSchema(schema, 'id')['~standard'].validate(value) as StandardSchemaV1.Result<unknown>
const takes = (schema: StandardSchemaV1, value: unknown): boolean => ask(schema, value).issues === undefined

const strict = v.strictObject({ id: v.string(), name: v.string() })
const numeric = v.strictObject({ id: v.number(), name: v.string() })

test('a strict schema takes a row of ours', () => {
  expect(takes(strict, { _seq: 3, id: '1', name: 'Ada' })).toBe(true)
})

test('and refuses what the application got wrong, without a word of `_seq`', () => {
  const { issues } = ask(strict, { _seq: 3, id: '1', name: 'Ada', more: 1 })
  expect(issues?.map(({ message }) => message)).toEqual(['Invalid key: Expected never but received "more"'])
})

test('a numeric key is asked as a number, where the row has its text', () => {
  expect(takes(numeric, { _seq: 3, id: '1', name: 'Ada' })).toBe(true)
  expect(takes(numeric, { _seq: 3, id: '-1.5', name: 'Ada' })).toBe(true)
  for (const id of ['01', '', ' 1', '1e3x', 'NaN ']) expect(takes(numeric, { _seq: 3, id, name: 'Ada' }), id).toBe(false)
})

test('what the application inserts is asked as it is', () => {
  expect(takes(numeric, { id: '1', name: 'Ada' })).toBe(false)
  expect(takes(strict, { id: '1', name: 'Ada', more: 1 })).toBe(false)
  expect(ask(v.object({ id: v.string(), age: v.optional(v.number(), 1) }), { id: '1' })).toMatchObject({ value: { id: '1', age: 1 } })
})

test('a schema that knows `_seq` sees it', () => {
  const knowing = v.strictObject({ _seq: v.number(), id: v.string() })
  expect(ask(knowing, { _seq: 3, id: '1' })).toMatchObject({ value: { _seq: 3, id: '1' } })
})

test('values that are no rows, and asynchronous schemas, are the schema’s affair', () => {
  expect(takes(strict, null)).toBe(false)
  const late: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate: async () => ({ value: 1 }) } }
  expect(rowSchema(late, 'id')['~standard'].validate({ _seq: 1 })).toBeInstanceOf(Promise)
})
