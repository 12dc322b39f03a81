import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, createServer, preview, type InlineConfig, type PluginOption, type PreviewServer, type ViteDevServer } from 'vite'
import { prebundled, sourceAliases } from './source-entries.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const pages = fileURLToPath(new URL('../browser/pages/', import.meta.url))

export interface PageHostOptions {
  /** The folder that is served. Default: `test/browser/pages`. */
  readonly root?: string
  /** Default: any free port, kept until `close()`, since storage belongs to an origin and so to its port. */
  readonly port?: number
  /** Dependencies to bundle beyond those of the library itself. */
  readonly include?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  /** These pages of the root, built as for production: a page then loads in a fraction of the time. */
  readonly built?: readonly string[]
  /** What the pages need beyond TypeScript; workers are built without. */
  readonly plugins?: readonly PluginOption[]
}

export interface PageHost {
  /** Without a trailing slash: `${url}/blank.html`. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** Serves real pages with real workers from sources. Nothing reloads by itself: a test decides when a page loads. */
export async function startPageHost(options: PageHostOptions = {}): Promise<PageHost> {
  // Of its own, so that hosts running side by side do not overwrite each other's bundles.
  const caches = join(repository, 'node_modules', '.cache')
  await mkdir(caches, { recursive: true })
  const cacheDir = await mkdtemp(join(caches, 'sidestream-pages-'))
  const removeCache = (): Promise<void> => rm(cacheDir, { recursive: true, force: true })
  try {
    const root = options.root ?? pages
    const common = { configFile: false, root, cacheDir, logLevel: 'error', resolve: { alias: sourceAliases }, plugins: [...(options.plugins ?? [])] } satisfies InlineConfig
    const server = options.built ? await previewOf(common, options.built) : await createServer({
      ...common,
      optimizeDeps: { include: [...prebundled, ...(options.include ?? [])], noDiscovery: true },
      server: {
        host: '127.0.0.1',
        port: options.port ?? 0,
        strictPort: true,
        hmr: false,
        ws: false,
        watch: null,
        fs: { allow: [repository] },
        headers: { ...options.headers },
      },
    })
    if ('listen' in server) await server.listen()
    const port = boundPort(server)
    return {
      url: `http://127.0.0.1:${port}`,
      port,
      close: async () => {
        closeConnections(server)
        await server.close()
        await removeCache()
      },
    }
  } catch (error) {
    await removeCache()
    throw error
  }
}

async function previewOf(common: InlineConfig & { root: string; cacheDir: string }, names: readonly string[]): Promise<PreviewServer> {
  const config: InlineConfig = {
    ...common,
    // As an application's own build does it, in which nothing gives advice; workers as files, never inlined.
    define: { 'process.env.NODE_ENV': '"production"' },
    worker: { format: 'es' },
    build: { outDir: join(common.cacheDir, 'built'), assetsInlineLimit: 0, minify: false, rolldownOptions: { input: names.map((name) => join(common.root, name)) } },
  }
  await build(config)
  return preview({ ...config, preview: { host: '127.0.0.1', port: 0, strictPort: true } })
}

function boundPort(server: ViteDevServer | PreviewServer): number {
  const address = server.httpServer?.address()
  if (address === null || address === undefined || typeof address === 'string') throw new Error('Vite does not listen')
  return (address satisfies AddressInfo).port
}

/** A browser keeps connections alive, and the server would wait for them. */
function closeConnections(server: ViteDevServer | PreviewServer): void {
  if (server.httpServer !== null && 'closeAllConnections' in server.httpServer) server.httpServer.closeAllConnections()
}
