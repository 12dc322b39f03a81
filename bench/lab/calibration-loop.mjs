// A thread that does the same work again and again, and tells how long each took.
import { parentPort } from 'node:worker_threads'

const ROUNDS = 24
// The first ones are slower: the engine compiles.
const UNCOUNTED = 4
const STEPS = 12_000_000

function work() {
  let mixed = 1
  for (let step = 0; step < STEPS; step += 1) mixed = (Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) + step) | 0
  return mixed
}

const took = []
let sum = 0
for (let round = 0; round < ROUNDS; round += 1) {
  const from = performance.now()
  sum ^= work()
  took.push(performance.now() - from)
}
// The sum is used, so that no compiler leaves the work out.
if (sum !== undefined) parentPort.postMessage(took.slice(UNCOUNTED))
