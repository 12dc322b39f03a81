import { exposeStreamDB } from 'sidestream/worker'
import { schema } from '../../support/schema.ts'

/** Adds a word to each user's name, and leaves out what nobody wants to see. */
exposeStreamDB({
  state: schema,
  transform: (event) => {
    if (event.key === 'unwanted') return null
    if (event.key === 'fatal') throw new Error('no such user')
    const { name } = (event.value ?? {}) as { name?: string }
    return event.type === 'user' && name !== undefined ? { ...event, value: { ...event.value, name: `${name}, transformed` } } : event
  },
})
