import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

/** What a CommonJS application does; inside this repository, Node resolves the package by its own name. */
const SCRIPT = `
  const { createStreamDB, createStateSchema } = require('sidestream')
  const state = require('sidestream/state')
  if (typeof createStreamDB !== 'function') throw new Error('no createStreamDB')
  if (state.createStateSchema !== createStateSchema) throw new Error('two copies')
`

/** Options under which TypeScript lets CommonJS require a module, and the fixture that has to compile. */
const TYPES = ['--noEmit', '--strict', '--skipLibCheck', '--types', 'node', '--target', 'es2022', '--module', 'nodenext', 'test/package/require.cts']

function run(root, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? null : `${stdout}${stderr}`
}

/**
 * The package is ES modules only. Node from 20.19 and 22.12 on can require them, as long as no module awaits at its top
 * level. These are also the oldest versions that package.json allows.
 */
export function assertRequirable(root) {
  const failure = run(root, ['--eval', SCRIPT]) ?? run(root, [createRequire(import.meta.url).resolve('typescript/bin/tsc'), ...TYPES])
  if (failure !== null) throw new Error(`CommonJS cannot require the package: ${failure}`)
}
