// Starts main.ts. The oldest Node that is supported cannot import TypeScript; what is made of it lies where its own imports resolve.
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = new URL('../../', import.meta.url)
const outfile = new URL(`node_modules/.cache/sidestream-bundlers-${process.pid}.mjs`, root)
await build({
  entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
  outfile: fileURLToPath(outfile),
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  sourcemap: 'inline',
  logLevel: 'error',
})
try {
  const { main } = await import(outfile.href)
  process.exitCode = await main(fileURLToPath(root), process.argv.slice(2))
} finally {
  await rm(outfile, { force: true })
}
