import { createStore } from '../../../shared/store.ts'
import { afterPaint } from './after-paint.ts'

interface Typing {
  /** Milliseconds from the key until it was shown, and until the rows that it asked for were; null while they are not. */
  shown: number | null
  answered: number | null
}

export const typing = createStore<Typing | null>(null)

let pressedAt = 0
let latest: { text: string; at: number } | null = null

/** `timeStamp` is the browser's: a key that waits for the thread has been pressed all the same. */
export function notePress(timeStamp: number) {
  pressedAt = timeStamp
}

/** The search field's new text. */
export function noteText(text: string) {
  const own = { text, at: pressedAt || performance.now() }
  latest = own
  typing.set({ shown: null, answered: null })
  afterPaint(() => {
    if (latest === own) typing.set({ shown: performance.now() - own.at, answered: typing.getSnapshot()?.answered ?? null })
  })
  pressedAt = 0
}

/** The rows of a text have been rendered. */
export function noteRows(text: string) {
  const own = latest
  if (own === null || own.text !== text || typing.getSnapshot()?.answered !== null) return
  afterPaint(() => {
    if (latest === own) typing.set({ shown: typing.getSnapshot()?.shown ?? null, answered: performance.now() - own.at })
  })
}
