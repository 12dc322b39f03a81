import type { App, OpenOptions } from './app.ts'

type AppWindow = Window & { app?: App }

const frames: HTMLIFrameElement[] = []
const appOf = (frame: HTMLIFrameElement): App => (frame.contentWindow as AppWindow).app!

async function load(): Promise<void> {
  const frame = document.createElement('iframe')
  frame.src = './app.html'
  const loaded = new Promise((resolve) => { frame.addEventListener('load', resolve, { once: true }) })
  document.body.append(frame)
  await loaded
  frames.push(frame)
}

const crowd = {
  /** Opens many test pages in frames of this one; each is a tab of its own to the library. */
  open: async (count: number, options: OpenOptions) => {
    await Promise.all(Array.from({ length: count }, load))
    for (const frame of frames) appOf(frame).open(options)
    return Promise.all(frames.map((frame) => appOf(frame).preload()))
  },
  /** Settles when it is so in every frame. */
  until: async (predicate: string) => {
    await Promise.all(frames.map((frame) => appOf(frame).until(predicate)))
  },
  /** The rows of each frame, but those that are alike only once. */
  rows: () => [...new Set(frames.map((frame) => appOf(frame).rowsText()))],
}

export type Crowd = typeof crowd
declare global {
  interface Window {
    crowd: Crowd
  }
}
window.crowd = crowd
