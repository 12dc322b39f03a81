import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
}

/** Reads a folder that a build has made, and serves it out of memory. */
export async function createFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  const files = new Map(await Promise.all(paths.map(async (path) => [`/${relative(folder, path).split(sep).join('/')}`, await readFile(path)])))

  return function answer(req, res, next = () => void res.writeHead(404).end()) {
    const [asked] = req.url.split('?')
    const path = asked === '/' ? '/index.html' : asked
    const body = files.get(path)
    if (body === undefined) return next()
    // Names in `assets` have a digest of the content. The service worker itself must never be an old one.
    const isNamedByContent = path.startsWith('/assets/')
    res
      .writeHead(200, {
        'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
        'cache-control': isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache',
      })
      .end(body)
  }
}
