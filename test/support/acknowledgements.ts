import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface AckedEdit {
  readonly number: number
  readonly key: string
  /** Null when it was refused. */
  readonly txid: string | null
  readonly error: string | null
}

/** What pages tell of their acknowledged edits: it outlives the browser. */
export interface Acknowledgements {
  readonly url: string
  /** By tab, in the order in which they were acknowledged. */
  of(tab: string): ReadonlyArray<AckedEdit>
  readonly count: number
  /** Settles when there are as many in all. */
  until(count: number): Promise<void>
  close(): Promise<void>
}

export async function startAcknowledgements(): Promise<Acknowledgements> {
  const byTab = new Map<string, AckedEdit[]>()
  const waiting = new Set<{ readonly count: number; readonly resolve: () => void }>()
  let count = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    // A browser that is killed sends half a report: it ends with an error, and not with this event.
    request.on('end', () => {
      const { tab, edits } = JSON.parse(Buffer.concat(chunks).toString()) as { tab: string; edits: AckedEdit[] }
      byTab.set(tab, [...(byTab.get(tab) ?? []), ...edits])
      count += edits.length
      for (const waiter of [...waiting]) if (count >= waiter.count && waiting.delete(waiter)) waiter.resolve()
      response.writeHead(204).end()
    })
    request.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
    of: (tab) => byTab.get(tab) ?? [],
    get count() {
      return count
    },
    until: (wanted) => (count >= wanted ? Promise.resolve() : new Promise((resolve) => void waiting.add({ count: wanted, resolve }))),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
