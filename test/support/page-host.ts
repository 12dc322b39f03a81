import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { inject } from 'vitest'

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8' }

export interface PageHost {
  /** Without a trailing slash: `${url}/blank.html`. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/**
 * Serves pages. Storage belongs to an origin and so to this host's port.
 * @param root by default the pages that were built when the tests began
 */
export async function startPageHost(root = inject('builtPages')): Promise<PageHost> {
  const server = createServer((request, response) => void answer(root, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${String(port)}`, port, close: () => closed(server) }
}

async function answer(root: string, { url }: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = normalize(new URL(url ?? '/', 'http://host').pathname)
  try {
    const body = await readFile(join(root, path))
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream', 'cache-control': 'no-cache' }).end(body)
  } catch {
    response.writeHead(404).end()
  }
}

/** A browser keeps connections alive, and the server would wait for them. */
async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
