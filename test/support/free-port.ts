import { createServer } from 'node:net'

/** A port that is free now: caches and service workers belong to a port, so a server that starts again needs the same one. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('A server without a port')
  return address.port
}
