import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

// Node.js can require an ES module as long as nothing in its graph awaits at the top level. The built package is required by .ci/build.mjs.
test.each([
  ['src/main/index.ts', 'createStreamDB'],
  ['src/shared/index.ts', 'createStateSchema'],
])('CommonJS can require %s, with what it depends on', async (entry, name) => {
  const outfile = `node_modules/.cache/sidestream/${name}.mjs`
  await build({ absWorkingDir: root, entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'silent' })
  const script = `process.stdout.write(typeof require('./${outfile}').${name})`
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', '--eval', script], { cwd: root, encoding: 'utf8' })
  expect([stdout, stderr]).toEqual(['function', ''])
})
