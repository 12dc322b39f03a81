// Runs many seeded worlds of each simulation, a share of them on each processor, and prints a table of what held.
//   npm run proof -- 10000 [first seed]
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const SIMULATIONS = [
  { name: 'reading: tabs, leaders, cache, server', file: 'test/simulation/simulation.test.ts' },
  { name: 'writes: outbox, overlay, fail-over', file: 'test/simulation/writes/writes.test.ts' },
  { name: 'subsets: live queries on demand', file: 'test/property/subsets.test.ts' },
]

const [worlds, from] = [process.argv[2] ?? '10000', process.argv[3] ?? '1'].map(Number)
if (![worlds, from].every((number) => Number.isSafeInteger(number) && number > 0)) {
  console.error('npm run proof -- <worlds> [first seed]: whole numbers above 0')
  process.exit(2)
}

/** @returns how many tests passed and failed, and what vitest printed of a failure */
function run(file, first, count) {
  return new Promise((resolve) => {
    const env = { ...process.env, CI: 'true', NO_COLOR: '1', SIDESTREAM_FROM: String(first), SIDESTREAM_SEEDS: String(count) }
    const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'node', file], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { output += text })
    child.on('close', (code) => {
      resolve({ held: code === 0, output })
    })
  })
}

const shares = Math.min(availableParallelism(), worlds)
const shareOf = (index) => Math.floor((worlds * (index + 1)) / shares) - Math.floor((worlds * index) / shares)
let broken = 0
console.log(`| simulation | worlds | seeds | seconds | |\n|---|---:|---:|---:|---|`)
for (const { name, file } of SIMULATIONS) {
  const started = performance.now()
  let next = from
  const runs = Array.from({ length: shares }, (_, index) => {
    const first = next
    next += shareOf(index)
    return run(file, first, shareOf(index))
  })
  const failed = (await Promise.all(runs)).filter(({ held }) => !held)
  broken += failed.length
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(`| ${name} | ${worlds} | ${from} to ${from + worlds - 1} | ${seconds} | ${failed.length === 0 ? 'held' : 'BROKEN'} |`)
  for (const { output } of failed) console.error(output)
}
process.exitCode = broken === 0 ? 0 : 1
