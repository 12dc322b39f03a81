import * as v from 'valibot'
import { createStateSchema, type SyncMode } from '../../../src/shared/state-schema.ts'

/** Rows of any form: whatever is on the stream can be asked for. */
const anyRow = v.looseObject({ id: v.string() })

/** Items as the mode says; people, whom items name as their owners, always whole. */
export const schemaOf = (syncMode: SyncMode) =>
  createStateSchema({
    items: { schema: anyRow, type: 'item', primaryKey: 'id', syncMode },
    people: { schema: anyRow, type: 'person', primaryKey: 'id' },
  })

export const SHAPES = Object.entries(schemaOf('eager')).map(([name, { type, primaryKey }]) => ({ name, type, primaryKey }))
