import type { PendingWrite } from 'sidestream'
import { db } from '../db.ts'

type Mutation = PendingWrite['mutations'][number]

const quoted = (text: unknown) => `“${String(text)}”`

function titleOf(id: unknown): string {
  const title = db.collections.tasks.get(String(id))?.title
  return title === undefined ? 'a task' : quoted(title)
}

function describeMutation(mutation: Mutation): string {
  switch (mutation.kind) {
    case 'put':
      return mutation.collection === 'comments'
        ? `Comment on ${titleOf(mutation.value['task'])}: ${quoted(mutation.value['text'])}`
        : `Add ${quoted(mutation.value['title'])}`
    case 'patch': {
      const { done, title } = mutation.changes
      if (title !== undefined) return `Rename a task to ${quoted(title)}`
      if (done !== undefined) return `Mark ${titleOf(mutation.key)} as ${done === true ? 'done' : 'not done'}`
      return `Change who does ${titleOf(mutation.key)}`
    }
    case 'remove':
      return 'Delete a task'
  }
}

/** A pending write, for people. */
export const describe = ({ mutations }: PendingWrite): string => mutations.map(describeMutation).join('; ')
