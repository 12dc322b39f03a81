import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import ts from 'typescript'

/** `type`: erased by the compiler. `url`: a script that is started, not imported. */
export type ImportKind = 'static' | 'type' | 'dynamic' | 'url'

export interface ModuleImport {
  /** Relative to the root, with forward slashes. */
  readonly from: string
  /** Relative to the root for a file, else the package's specifier. */
  readonly to: string
  readonly kind: ImportKind
  readonly bare: boolean
}

export interface ModuleGraph {
  readonly files: readonly string[]
  readonly imports: readonly ModuleImport[]
}

export function readModuleGraph(root: string): ModuleGraph {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
    .map((path) => path.split(sep).join('/'))
    .sort()
  const imports = files.flatMap((file) =>
    importsOf(join(root, file)).map(({ specifier, kind }) => resolve(file, specifier, kind)),
  )
  return { files, imports }
}

/** The cycles of static imports, those of types among them, each as the path around it. */
export function findCycles({ files, imports }: ModuleGraph): string[][] {
  const imported = new Map<string, string[]>(files.map((file) => [file, []]))
  for (const { from, to, kind, bare } of imports) {
    if ((kind === 'static' || kind === 'type') && !bare) imported.get(from)?.push(to)
  }
  const cycles: string[][] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const seenAt = path.indexOf(file)
    if (seenAt >= 0) cycles.push([...path.slice(seenAt), file])
    if (seenAt >= 0 || done.has(file)) return
    for (const to of imported.get(file) ?? []) visit(to, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  return cycles
}

function resolve(from: string, specifier: string, kind: ImportKind): ModuleImport {
  const bare = !specifier.startsWith('.')
  const to = bare ? specifier : relative('.', join(dirname(from), specifier)).split(sep).join('/')
  return { from, to, kind, bare }
}

interface Found {
  readonly specifier: string
  readonly kind: ImportKind
}

function importsOf(path: string): Found[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023, true)
  const found: Found[] = []
  const visit = (node: ts.Node): void => {
    const one = importIn(node)
    if (one !== undefined) found.push(one)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function importIn(node: ts.Node): Found | undefined {
  if (ts.isImportDeclaration(node)) return at(node.moduleSpecifier, isTypeImport(node) ? 'type' : 'static')
  if (ts.isExportDeclaration(node)) return at(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static')
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return at(node.argument.literal, 'type')
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return at(node.arguments[0], 'dynamic')
  }
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'URL') {
    const [specifier, base] = node.arguments ?? []
    if (base?.getText() === 'import.meta.url') return at(specifier, 'url')
  }
  return undefined
}

/** `import { type A } from` still loads the module under verbatimModuleSyntax: only the whole clause counts. */
function isTypeImport(node: ts.ImportDeclaration): boolean {
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
}

function at(specifier: ts.Node | undefined, kind: ImportKind): Found | undefined {
  return specifier !== undefined && ts.isStringLiteralLike(specifier) ? { specifier: specifier.text, kind } : undefined
}
