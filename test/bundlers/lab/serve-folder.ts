import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import type { Running } from './run-command.ts'

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8', '.json': 'application/json' }

export interface ServeOptions {
  /** Default: any free port. */
  readonly port?: number
  /** Header fields of each answer. */
  readonly headers?: Readonly<Record<string, string>>
  /** Changes a page before it is sent, for example to put a nonce in, and says what header fields it has. */
  readonly page?: (html: string) => { readonly html: string; readonly headers: Readonly<Record<string, string>> }
}

/** A plain server of files, as a host of static files. */
export async function serveFolder(folder: string, { port = 0, headers = {}, page }: ServeOptions = {}): Promise<Running> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://host')
    const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname)
    readFile(join(folder, path)).then(
      (body) => {
        const changed = extname(path) === '.html' ? page?.(String(body)) : undefined
        response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream', 'cache-control': 'no-cache', ...headers, ...changed?.headers })
        response.end(changed?.html ?? body)
      },
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
