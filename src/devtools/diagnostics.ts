import { PROTOCOL_VERSION } from '../shared/calls.ts'
import type { ErrorData } from '../shared/errors.ts'
import type { Inspection } from '../shared/inspection.ts'
import type { StreamDBStatus } from '../shared/status.ts'
import type { PendingWrite } from '../shared/write.ts'
import type { DevtoolsDB } from './devtools-db.ts'
import { expressionText, hiddenConstant, subsetText } from './expression-text.ts'
import { plainUrl } from './format.ts'
import { pageFacts, readStorage } from './page-facts.ts'

/** How long an engine is waited for, ms. */
const ANSWER_LIMIT_MS = 3000

/** A report of a fault: JSON, without rows, keys, texts of errors, constants of queries, headers, and queries of URLs. */
export type Diagnostics = Readonly<Record<string, unknown>>

/** Makes a report of a fault, to be given to others. Never rejects. */
export async function diagnose(dbs: ReadonlyArray<DevtoolsDB>): Promise<Diagnostics> {
  const [storage, streams] = await Promise.all([readStorage(), Promise.all(dbs.map(streamFacts))])
  return { of: 'sidestream', protocol: PROTOCOL_VERSION, made: new Date().toISOString(), page: pageFacts(), storage, streams }
}

async function streamFacts(db: DevtoolsDB): Promise<object> {
  const inspection = await answerOf(db)
  const names = new Set(Object.keys(db.collections))
  return {
    url: plainUrl(db.stream.url),
    status: statusFacts(db.status.getSnapshot()),
    collections: Object.fromEntries(Object.entries(db.collections).map(([name, { size, status }]) => [name, { rows: size, status }])),
    outbox: db.outbox.getSnapshot().map((write) => writeFacts(write, names)),
    engine: inspection && engineFacts(inspection, names),
  }
}

/** Null without an engine, and when it does not answer. */
async function answerOf(db: DevtoolsDB): Promise<Inspection | null> {
  let limit: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<null>((resolve) => {
    limit = setTimeout(resolve, ANSWER_LIMIT_MS, null)
  })
  try {
    return await Promise.race([db.inspect(), late])
  } catch {
    return null
  } finally {
    clearTimeout(limit)
  }
}

/** A word of this library; anything else may be a text of somebody. */
const word = (text: string): string => (/^[A-Za-z][A-Za-z_-]{0,30}$/.test(text) ? text : '?')

/** The text of an error may have a key, a value or a credential in it. */
const errorFacts = (error: ErrorData | null): object | null => error && { code: word(error.code), retryable: error.retryable, ...(error.status === undefined ? {} : { status: error.status }) }

/** Each field by its name: a later one may be a text of somebody. */
function statusFacts(status: StreamDBStatus): object {
  const { epoch, where, tabs, connection, cleared, upToDate, ready, stale, offset, persistedOffset, rows, unknown, storage, pending, parked, durable, failedAttempts, failovers, quarantined, lastError, queries, fallbacks } = status
  return {
    ...{ epoch, where, tabs, connection, cleared, upToDate, ready, stale, offset, persistedOffset, rows, unknown, storage, pending, parked, durable, failedAttempts, failovers },
    quarantined: quarantined.count,
    lastError: errorFacts(lastError),
    // Their names may have parameters in them.
    queries: Object.values(queries).map(({ rows: found, runMs, tabs: holders }) => ({ rows: found, runMs, tabs: holders })),
    fallbacks: Object.keys(fallbacks).length,
  }
}

const writeFacts = ({ state, attempts, createdAt, error, mutations }: PendingWrite, names: ReadonlySet<string>): object => ({
  state,
  attempts,
  createdAt,
  error: errorFacts(error),
  mutations: mutations.map(({ kind, collection }) => ({ kind, collection: known(collection, names) })),
})

const known = (collection: string, names: ReadonlySet<string>): string => (names.has(collection) ? collection : '?')

function engineFacts({ epoch, now, offset, seq, unstored, tabs, connections, collections, subsets, indexes, queries, quarantined, events }: Inspection, names: ReadonlySet<string>): object {
  return {
    epoch,
    now,
    offset,
    seq,
    unstored,
    tabs: tabs.map(({ where, ...tab }) => ({ where: word(where), isSelf: tab.isSelf, visible: tab.visible, started: tab.started, behind: tab.behind, offset: tab.offset, failovers: tab.failovers })),
    connections: connections.map(({ at, state, why, error }) => ({ at, state: word(state), why: why && word(why), error: errorFacts(error) })),
    collections: collections.map(({ name, rows, bytes, stored }) => ({ name: known(name, names), rows, bytes, stored })),
    subsets: subsets.map((subset) => ({ collection: known(subset.collection, names), subset: subsetText(subset, hiddenConstant), rows: subset.rows, tabs: subset.tabs })),
    indexes: indexes.map(({ collection, expression, complete }) => ({ collection: known(collection, names), expression: expressionText(expression, hiddenConstant), complete })),
    queries: queries.map(({ name, rows, runMs, tabs: holders, error }) => ({ isNamed: name !== null, rows, runMs, tabs: holders, error: errorFacts(error) })),
    quarantined: quarantined.map(({ at, code, offset: batch }) => ({ at, code: word(code), offset: batch })),
    events: counts(events.map(({ kind, operation }) => (kind === 'malformed' ? kind : word(operation)))),
  }
}

function counts(words: ReadonlyArray<string>): Record<string, number> {
  const counted: Record<string, number> = {}
  for (const each of words) counted[each] = (counted[each] ?? 0) + 1
  return counted
}
