import { createServer } from 'node:http'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'

// In an isolated page clocks have steps of 5 µs instead of 100.
const isolated = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
const types = { '.js': 'text/javascript' }

/** Serves the bundles in `dir`, and `/<name>` as a page that runs `<name>.js`. */
export async function startPageServer(dir) {
  const server = createServer((req, res) => {
    const name = basename(new URL(req.url, 'http://page').pathname)
    const type = types[extname(name)]
    if (!type) {
      res.writeHead(200, { ...isolated, 'content-type': 'text/html' })
      res.end(`<!doctype html><meta charset=utf-8><link rel=icon href=data:,><script type=module src=/${name}.js></script>`)
      return
    }
    readFile(join(dir, name)).then(
      (body) => res.writeHead(200, { ...isolated, 'content-type': type }).end(body),
      () => res.writeHead(404).end(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${server.address().port}` }
}
