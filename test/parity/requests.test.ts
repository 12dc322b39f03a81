// @vitest-environment-options {"own":"parity/requests"}
// What the requests are: URL, headers and params.
import { vi } from 'vitest'
import { differs, outcomeOf, rows, same, within, type Stage } from './harness.ts'
import { insert, schemaOf } from './schema.ts'
import type { DurableStreamOptions } from '@durable-streams/client'

const ada = { id: '1', name: 'Ada' }
const create = ({ library, url, keep }: Stage, options: Partial<DurableStreamOptions> = {}) =>
  keep(library.createStreamDB({ streamOptions: { url, contentType: 'application/json', ...options }, state: schemaOf(library) }))

same('carry headers and params, of reads and of writes', async (stage) => {
  let calls = 0
  const db = create(stage, {
    headers: { 'X-Static': 'a', 'X-Called': async () => `c${String((calls += 1) > 0)}` },
    params: { tenant: 't', called: () => 'yes', absent: undefined },
  })
  await db.preload()
  await db.stream.append(JSON.stringify(insert('1', ada, { txid: 't' })))
  await db.utils.awaitTxId('t')
  const seen = stage.server.log.all({ path: stage.path }).map(({ headers, query }) => [headers['x-static'], headers['x-called'], query.get('tenant'), query.get('called'), query.has('absent')])
  return new Set(seen.map((request) => JSON.stringify(request)))
}, new Set([JSON.stringify(['a', 'ctrue', 't', 'yes', false])]))

same('ask header functions each time', async (stage) => {
  let token = 0
  const db = create(stage, { headers: { Authorization: () => `Bearer ${String((token += 1))}` } })
  await db.preload()
  await db.stream.append(JSON.stringify(insert('1', ada, { txid: 't' })))
  await db.utils.awaitTxId('t')
  const seen = stage.server.log.all({ path: stage.path }).map(({ headers }) => headers.authorization)
  return [seen.length > 2, new Set(seen).size === seen.length]
}, [true, true])

same('start at the beginning, with what the URL has of its own', async (stage) => {
  stage.server.append(stage.path, [insert('1', ada)])
  const db = create(stage, { url: `${stage.url}?own=1` })
  await db.preload()
  const [first] = stage.server.log.all({ path: stage.path })
  return [rows(db.collections.users), first!.query.get('offset'), first!.query.get('own'), db.stream.url === `${stage.url}?own=1`]
}, [[ada], '-1', '1', true])

same('use the fetch that is given', async (stage) => {
  const methods: string[] = []
  const db = create(stage, {
    fetch: (input, init) => {
      methods.push(init?.method ?? 'GET')
      return fetch(input, init)
    },
  })
  await db.preload()
  await db.stream.append(JSON.stringify(insert('1', ada)))
  return [methods[0], methods.includes('POST')]
}, ['GET', true])

differs('`signal` in `streamOptions`', 'closes the StreamDB', async (stage) => {
  const controller = new AbortController()
  const db = create(stage, { signal: controller.signal })
  await db.preload()
  controller.abort()
  stage.server.append(stage.path, [insert('1', ada, { txid: 't' })])
  return [await outcomeOf(() => db.utils.awaitTxId('t', 1000)), rows(db.collections.users)]
}, { peer: ['settled', [ada]], sidestream: [{ error: 'StreamDB closed', isError: true }, []] })

differs('`signal` in `streamOptions`', 'that has aborted before', (stage) => within(1000, create(stage, { signal: AbortSignal.abort() }).preload()), {
  peer: 'settled',
  sidestream: { error: 'StreamDB closed', isError: true },
})

same('make a StreamDB of a relative URL where there is no document, and refuse to read', async (stage) => {
  const db = create(stage, { url: '/s' })
  return [Object.keys(db.collections), await outcomeOf(() => db.preload()) !== 'settled']
}, [['users', 'messages'], true])

differs('a relative URL', 'is resolved against the document', async (stage) => {
  stage.server.append(stage.path, [insert('1', ada)])
  const { pathname } = new URL(stage.url)
  vi.stubGlobal('location', { href: new URL('/app/page', stage.url).href })
  try {
    const db = create(stage, { url: pathname })
    const outcome = await outcomeOf(() => db.preload())
    return outcome === 'settled' ? rows(db.collections.users) : 'refused'
  } finally {
    vi.unstubAllGlobals()
  }
}, { peer: 'refused', sidestream: [ada] })

