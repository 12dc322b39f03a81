import type { StreamDB } from 'sidestream'
import type { notesSchema } from '../../support/notes.ts'

type Notes = StreamDB<typeof notesSchema>['collections']['notes']

/** Shows the notes on the page, and looks at them at each change and before each frame: none goes away, and none goes back. */
export function watchNotes(notes: Notes, place: HTMLElement): {
  readonly faults: string[]
  readonly changes: string[]
  frames(): number
  /** `n` of a note as the page shows it. */
  shown(id: string): number | null
} {
  const faults: string[] = []
  const changes: string[] = []
  const last = new Map<string, number>()
  const lines = new Map<string, HTMLElement>()
  let frames = 0

  const look = (when: string): void => {
    for (const [id, n] of last) {
      const row = notes.get(id)
      if (row === undefined) faults.push(`${when}: ${id} is gone`)
      else if (row.n < n) faults.push(`${when}: ${id} went back from ${String(n)} to ${String(row.n)}`)
    }
    for (const [id, { n }] of notes.entries()) last.set(id, n)
  }
  const show = (id: string, n: number | null): void => {
    const line = lines.get(id)
    if (n === null) {
      line?.remove()
      lines.delete(id)
    } else if (line) {
      line.textContent = String(n)
    } else {
      const made = document.createElement('p')
      made.textContent = String(n)
      place.append(made)
      lines.set(id, made)
    }
  }
  const frame = (): void => {
    frames += 1
    look('frame')
    requestAnimationFrame(frame)
  }

  notes.subscribeChanges((news) => {
    for (const { type, key, value } of news) {
      changes.push(`${type} ${String(key)} ${String(value.n)}`)
      if (type === 'delete') show(String(key), null)
      else show(String(key), value.n)
    }
    look('change')
  })
  requestAnimationFrame(frame)

  return {
    faults,
    changes,
    frames: () => frames,
    shown: (id) => {
      const text = lines.get(id)?.textContent
      return text === undefined ? null : Number(text)
    },
  }
}
