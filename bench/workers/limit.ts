import type { StreamVisit } from '../pages/visit.ts'

// What no client in a worker can do without: to fetch the stream to its end and parse it.
addEventListener('message', ({ data }: MessageEvent<StreamVisit>) => {
  void read(data.stream).then((measured) => postMessage(measured))
})

async function read(stream: string): Promise<{ ms: number; events: number }> {
  const from = performance.now()
  let offset: string | null = '-1'
  let events = 0
  while (offset !== null) {
    const answer: Response = await fetch(`${stream}?offset=${offset}`)
    events += (JSON.parse(await answer.text()) as unknown[]).length
    offset = answer.headers.has('stream-up-to-date') ? null : answer.headers.get('stream-next-offset')
  }
  return { ms: performance.now() - from, events }
}
