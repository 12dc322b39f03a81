// Compiled by .ci/build/assert-requirable.mjs against the built package: what a CommonJS application in TypeScript writes.
import { createStateSchema, createStreamDB, eq, type StreamDB } from 'sidestream'
import state = require('sidestream/state')

const schema = state.createStateSchema({})
const same: typeof createStateSchema = state.createStateSchema
const open = (url: string): StreamDB<typeof schema> => createStreamDB({ streamOptions: { url }, state: schema })

export = { open, same, eq }
