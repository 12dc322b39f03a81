const APPEND_SIZE = 2000

/** Makes a stream; with `from`, it begins with the events of another stream up to an offset. */
export async function create(url, from) {
  const headers = { 'content-type': 'application/json' }
  if (from) Object.assign(headers, { 'stream-forked-from': from.path, 'stream-fork-offset': from.offset })
  const answer = await fetch(url, { method: 'PUT', headers })
  if (!answer.ok) throw new Error(`stream refused: ${String(answer.status)} ${await answer.text()}`)
}

/** Makes a stream of these events. @returns the offset of its end */
export async function seed(url, events) {
  await create(url)
  let end
  let batch = []
  for (const event of events) {
    batch.push(event)
    if (batch.length < APPEND_SIZE) continue
    end = await append(url, batch)
    batch = []
  }
  return batch.length > 0 ? append(url, batch) : end
}

/** @returns the offset of the end */
export async function append(url, events) {
  const body = JSON.stringify(events)
  const post = () => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  // The server closes idle connections, also one that was just about to be used. Twice the same changes are the same.
  const answer = await post().catch(post)
  if (!answer.ok) throw new Error(`append refused: ${String(answer.status)} ${await answer.text()}`)
  return answer.headers.get('stream-next-offset')
}

/** Numbers from 0 to 1, the same in every run: mulberry32. */
export function randomly(state = 1) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
