import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import ts from 'typescript'

/**
 * One self-contained file: import maps do not reach into workers, and bundlers disagree about chunks of a worker,
 * so whatever the worker needs has to be inside.
 */
export async function bundleWorker(root) {
  const outfile = join(root, 'dist/worker.js')
  await build({
    absWorkingDir: root,
    entryPoints: ['src/worker/index.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    treeShaking: true,
    minify: false,
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  })
  const code = await readFile(outfile, 'utf8')
  assertSelfContained(code)
  return code.length
}

function assertSelfContained(code) {
  const source = ts.createSourceFile('worker.js', code, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS)
  const found = []
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) found.push(node.getText(source))
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) found.push(node.getText(source))
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) found.push(node.getText(source))
    ts.forEachChild(node, visit)
  }
  visit(source)
  if (found.length > 0) throw new Error(`dist/worker.js is not self-contained:\n  ${found.join('\n  ')}`)
}
