import * as v from 'valibot'
import { createStateSchema } from '../../src/shared/state-schema.ts'

/** The state that tests of writes speak of: rows with fields that different tabs change. `n` grows with each change of a row. */
export const notesSchema = createStateSchema({
  notes: { schema: v.object({ id: v.string(), title: v.string(), body: v.string(), n: v.number() }), type: 'note', primaryKey: 'id' },
})

export interface Note {
  readonly id: string
  readonly title: string
  readonly body: string
  readonly n: number
}

export const note = (id: string, given: Partial<Note> = {}): Note => ({ id, title: '', body: '', n: 0, ...given })

/** An event of the stream, as tests look at it. */
export interface NoteEvent {
  readonly key: string
  readonly value: Note
  readonly headers: { readonly operation: string; readonly txid?: string }
}
