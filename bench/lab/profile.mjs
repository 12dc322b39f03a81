/** Chromium's processor profiles, which come as parts among a trace's events. */
export const PROFILER = 'disabled-by-default-v8.cpu_profiler'

/**
 * The samples of a process's threads between two moments of the trace, in µs.
 *
 * @returns for each thread its `tid` and its samples: the frames from the innermost outwards, and the ms that it stands for
 */
export function samplesOf(events, { pid, from, to }) {
  const own = events.filter((event) => event.pid === pid)
  return own
    .filter(({ name }) => name === 'Profile')
    .map(({ id, tid, args }) => {
      const chunks = own.filter((event) => event.name === 'ProfileChunk' && event.id === id)
      return { tid, samples: read(chunks, args.data.startTime, { from, to }) }
    })
}

function read(chunks, startTime, { from, to }) {
  const nodes = new Map()
  const samples = []
  let last
  let time = startTime
  for (const { args } of chunks) {
    const { cpuProfile = {}, timeDeltas = [] } = args.data
    for (const { id, parent, callFrame } of cpuProfile.nodes ?? []) nodes.set(id, { parent, frame: callFrame })
    ;(cpuProfile.samples ?? []).forEach((node, index) => {
      const next = time + timeDeltas[index]
      // A thread is in what was sampled until the next sample.
      const ms = (Math.min(next, to) - Math.max(time, from)) / 1000
      if (last !== undefined && ms > 0) samples.push({ node: last, ms })
      last = node
      time = next
    })
  }
  return samples.map(({ node, ms }) => ({ frames: framesOf(nodes, node), ms }))
}

function framesOf(nodes, from) {
  const frames = []
  for (let node = nodes.get(from); node; node = nodes.get(node.parent)) frames.push(node.frame)
  return frames
}
