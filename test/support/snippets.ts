import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import ts from 'typescript'

// Not by `new URL`, which is another one where a test has a document.
const root = `${resolve(import.meta.dirname, '../..')}/`
const folder = `${root}test/snippets/`

export interface Snippet {
  /** Of the page, below the project's folder. */
  readonly page: string
  /** Of the block's first line, from 1. */
  readonly line: number
  readonly language: string
  /** What follows the language on the block's first line. */
  readonly info: string
  /** The file that the block is, where the page names one in bold just before it. */
  readonly name: string | null
  readonly code: string
}

/** All blocks of code of a page, in their order. */
export function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(root + page, 'utf8')
  return [...text.matchAll(/(?:^\*\*`([^`\n]+)`\*\*[^\n]*\n\n)?^```(\w+) ?([^\n]*)\n(.*?)^```$/gms)].map(({ 0: whole, 1: name, 2: language, 3: info, 4: code, index }) => ({
    page,
    line: text.slice(0, index + whole.indexOf('```')).split('\n').length + 1,
    language: language!,
    info: info!,
    name: name ?? null,
    code: code!,
  }))
}

/** A block that shows some options of `createStreamDB`, and not the call. */
const isOptions = (code: string): boolean => /^(?:\/\/[^\n]*\n)*\w+: /.test(code)

/** The lines of `before` are taken off the line of an error. */
function moduleOf({ code }: Snippet): { readonly before: string; readonly text: string } {
  if (!isOptions(code)) return { before: '', text: `${code}\nexport {}\n` }
  const others = Object.entries({ streamOptions: '{ url }', state: 'schema' }).filter(([name]) => !code.includes(`${name}: `))
  const before = `import { createStreamDB } from 'sidestream'\ncreateStreamDB({\n${others.map(([name, value]) => `${name}: ${value},`).join(' ')}\n`
  return { before, text: `${before}${code}})\n` }
}

/**
 * Of TypeScript with or without JSX. Each is a module of its own; what a page takes for granted is in `test/snippets`. Not blocks for a
 * framework that needs another TanStack DB than the project's own: test/browser/host/start-guide.host.test.ts builds and runs those.
 */
export const isCompiled = ({ language, info }: Snippet): boolean => (language === 'ts' || language === 'tsx') && !/^\[(Solid|Angular)\b/.test(info)

/** @returns what the compiler says of the blocks: `page:line message` */
export function compile(snippets: readonly Snippet[]): string[] {
  const files = new Map<string, { readonly snippet: Snippet; readonly before: string; readonly text: string }>()
  for (const snippet of snippets) {
    const own = `${folder}${snippet.page.replace(/\.md$/, '')}/`
    files.set(own + (snippet.name ?? `line-${String(snippet.line)}.${snippet.language}`), { snippet, ...moduleOf(snippet) })
  }
  const { config } = ts.readConfigFile(`${root}test/snippets/tsconfig.json`, ts.sys.readFile) as { config: unknown }
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder)
  const host = ts.createCompilerHost(options)
  /** A page's modules find its other files beside them, and what it takes for granted. */
  const shared = (path: string): string => {
    const [own, name] = [path.slice(0, path.lastIndexOf('/') + 1), path.slice(path.lastIndexOf('/'))]
    if (!own.startsWith(folder) || own === folder || files.has(path)) return path
    return [...files.keys()].find((file) => file.startsWith(own) && file.endsWith(name)) ?? folder + name.slice(1)
  }
  const textOf = (path: string): string | undefined => files.get(shared(path))?.text
  const program = ts.createProgram([...fileNames, ...files.keys()], options, {
    ...host,
    fileExists: (path) => textOf(path) !== undefined || host.fileExists(shared(path)),
    readFile: (path) => textOf(path) ?? host.readFile(shared(path)),
    directoryExists: (path) => path.startsWith(folder) || host.directoryExists!(path),
    getSourceFile: (path, version) => {
      const text = textOf(path)
      return text === undefined ? host.getSourceFile(shared(path), version) : ts.createSourceFile(path, text, version)
    },
  })
  return [...program.getSyntacticDiagnostics(), ...program.getSemanticDiagnostics()].map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, ' ')
    const at = file && files.get(file.fileName)
    if (!at) return `${file?.fileName ?? ''} ${message}`
    const line = file!.getLineAndCharacterOfPosition(start ?? 0).line - (at.before.split('\n').length - 1)
    return `${at.snippet.page}:${String(at.snippet.line + line)} ${message}`
  })
}
