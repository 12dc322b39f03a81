import type { StreamDBStatus } from 'sidestream'
import type { PlainRows } from '../../support/naive-fold.ts'
import { Tab } from './conformance-db.ts'

/** What the page in the frame lets its host do. */
export interface Guest {
  preload(): Promise<void>
  append(event: unknown): Promise<void>
  showsAll(fold: PlainRows): Promise<void>
  status(): StreamDBStatus
}

type GuestWindow = Window & { guest?: Guest }

export function beGuest(): void {
  const tab = new Tab()
  ;(window as GuestWindow).guest = {
    preload: () => tab.db.preload(),
    append: (event) => tab.append(event),
    showsAll: (fold) => tab.showsAll(fold),
    status: () => tab.status(),
  }
}

/** The same page again, in a frame: a second StreamDB as in another tab. */
export async function inviteGuest(): Promise<{ guest: Guest; remove(): void }> {
  const frame = document.createElement('iframe')
  frame.src = `${location.href}&role=guest`
  const loaded = new Promise((resolve) => { frame.addEventListener('load', resolve, { once: true }) })
  document.body.append(frame)
  await loaded
  const { guest } = frame.contentWindow as GuestWindow
  if (guest === undefined) throw new Error('the page in the frame did not start')
  return { guest, remove: () => { frame.remove() } }
}
