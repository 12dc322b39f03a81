// Cleans dist, compiles every project, and bundles the engine into the files that applications load.
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { assertMainAvoidsWorker } from './build/assert-main-avoids-worker.mjs'
import { assertRequirable } from './build/assert-requirable.mjs'
import { bundleEngine } from './build/bundle-engine.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))

function compile() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-b', 'tsconfig.json'], { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Error('tsc failed')
}

try {
  await rm(new URL('../dist', import.meta.url), { recursive: true, force: true })
  compile()
  const bytes = await bundleEngine(root)
  await assertMainAvoidsWorker(root)
  assertRequirable(root)
  console.log(`dist/worker.js ${(bytes / 1024).toFixed(1)} kB`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
