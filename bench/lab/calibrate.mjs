import { Worker } from 'node:worker_threads'
import { figure } from '../report/figures.mjs'

const CORES = [1, 2]

/**
 * How long the same work takes this machine, on one core and on two at once, in processor-bound loops that know nothing of the
 * benchmark. Where this differs between two moments, so does everything else that is measured then.
 */
export async function calibrate(when) {
  const collected = []
  for (const cores of CORES) {
    const runs = (await Promise.all(Array.from({ length: cores }, loop))).flat()
    collected.push(figure({ case: 'calibration', rows: 0, who: 'machine', when, cores, metric: 'calibrationMs', runs }))
  }
  return collected
}

function loop() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./calibration-loop.mjs', import.meta.url))
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
