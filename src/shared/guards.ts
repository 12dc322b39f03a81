import type { DiffBatch } from './batch.ts'
import type { ConnectMessage, Hello, MessagePortLike, ReconnectReason, RequestValues, TabDescription } from './calls.ts'
import { isTooDeep } from './depth.ts'
import { isPlain, resultName, type Query } from './query.ts'
import type { CollectionDiff } from './row-diff.ts'
import { isRowTable } from './row-table.ts'
import { MOST_DELAY_MS, type StreamSettings } from './settings.ts'
import type { TabStatus } from './status.ts'
import { MOST_EXPRESSION_LEVELS, type Subset } from './subset.ts'
import type { Mutation, OutboxNews, Write } from './write.ts'

/*
 * Messages on ports and channels are untrusted: they may come from tabs and workers of other versions, and from other programs of
 * the origin. A message that does not pass its guard is ignored.
 */

/** The methods that may be called through a port, each with a check of its arguments. */
type Guards = Readonly<Record<string, (args: ReadonlyArray<unknown>) => boolean>>

export const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
export const isString = (value: unknown): value is string => typeof value === 'string'
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
export const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean => Array.isArray(value) && value.every(isItem)
const isStrings = (value: unknown): boolean => isRecord(value) && Object.values(value).every(isString)
const none = (): boolean => true

export const isRequestValues = (value: unknown): value is RequestValues => isRecord(value) && isStrings(value['headers']) && isStrings(value['params'])

export function isHello(value: unknown): value is Hello {
  if (!isRecord(value)) return false
  const { version, client, settings, request, wantsEvents, wantsRejected, tabLock, tab } = value
  return (
    isCount(version) &&
    isString(client) &&
    isSettings(settings) &&
    (request === null || isRequestValues(request)) &&
    typeof wantsEvents === 'boolean' &&
    typeof wantsRejected === 'boolean' &&
    (tabLock === null || isString(tabLock)) &&
    isTabDescription(tab)
  )
}

function isTabDescription(value: unknown): value is TabDescription {
  if (!isRecord(value)) return false
  const { hasRows, have, modes, subsets, pendingKeys, visible, failovers, cleared } = value
  return (
    typeof hasRows === 'boolean' &&
    (have === null || (isRecord(have) && isString(have['branch']) && isCount(have['seq']) && isCount(have['digest']) && isString(have['offset']) && isString(have['upTo']))) &&
    isRecord(modes) &&
    Object.values(modes).every((mode) => mode === 'eager' || mode === 'on-demand' || mode === 'progressive') &&
    isListOf(subsets, isSubsetChange) &&
    isRecord(pendingKeys) &&
    Object.values(pendingKeys).every((keys) => isListOf(keys, isString)) &&
    typeof visible === 'boolean' &&
    isCount(failovers) &&
    typeof cleared === 'boolean'
  )
}

function isSettings(value: unknown): value is StreamSettings {
  if (!isRecord(value)) return false
  const { url, scope, collections, live, contentType, batching, backoff, cache, pauseWhenHidden, silenceTimeoutMs } = value
  return (
    isString(url) &&
    isString(scope) &&
    isListOf(collections, (shape) => isRecord(shape) && isString(shape['name']) && isString(shape['type']) && isString(shape['primaryKey'])) &&
    (typeof live === 'boolean' || live === 'long-poll' || live === 'sse') &&
    (contentType === null || isString(contentType)) &&
    typeof batching === 'boolean' &&
    (backoff === null || isRecord(backoff)) &&
    (cache === null || isCacheShape(cache)) &&
    (pauseWhenHidden === null || typeof pauseWhenHidden === 'number') &&
    isDelay(silenceTimeoutMs)
  )
}

const isDelay = (value: unknown): boolean => typeof value === 'number' && value >= 1 && value <= MOST_DELAY_MS

const isCacheShape = (value: unknown): boolean =>
  isRecord(value) &&
  (value['durability'] === 'relaxed' || value['durability'] === 'strict') &&
  isString(value['version']) &&
  (value['keepUnusedMs'] === null || typeof value['keepUnusedMs'] === 'number')

const isSubsetChange = (value: unknown): boolean => isRecord(value) && isCount(value['id']) && (value['subset'] === null || isSubset(value['subset']))

function isSubset(value: unknown): value is Subset {
  if (!isRecord(value)) return false
  const { collection, where, first, query } = value
  if (query !== undefined && !(isQuery(query) && where === null && first === null && collection === resultName(query))) return false
  return isString(collection) && (where === null || isExpression(where)) && (first === null || (isRecord(first) && isOrderTerm(first['order']) && isCount(first['rows'])))
}

/** More levels than a query has, and fewer than a text of it could be made of. */
const MOST_QUERY_LEVELS = 1000

/** A query as data is not checked here: it is decoded by code that only a worker with queries has. */
const isQuery = (value: unknown): value is Query =>
  isRecord(value) &&
  (value['kind'] === 'named'
    ? isString(value['name']) && isPlain(value['params']) && (value['window'] === undefined || isWindow(value['window']))
    : value['kind'] === 'inline' && isRecord(value['ir']) && !isTooDeep(value['ir'], MOST_QUERY_LEVELS))

const isWindow = (value: unknown): boolean => isRecord(value) && isCount(value['offset']) && (value['limit'] === null || isCount(value['limit']))

const isOrderTerm = (value: unknown): boolean =>
  isRecord(value) &&
  isExpression(value['expression']) &&
  (value['direction'] === 'asc' || value['direction'] === 'desc') &&
  (value['nulls'] === 'first' || value['nulls'] === 'last') &&
  (value['stringSort'] === 'lexical' || value['stringSort'] === 'locale') &&
  [value['locale'], value['localeOptions']].every((text) => text === null || isString(text))

/** Constants are not checked here: the compiler refuses those that it does not know. */
export function isExpression(value: unknown, levels = MOST_EXPRESSION_LEVELS): boolean {
  if (!isRecord(value) || levels === 0) return false
  const { type, path, name, args } = value
  if (type === 'ref') return isListOf(path, isString)
  return type === 'val' ? 'value' in value : type === 'func' && isString(name) && isListOf(args, (argument) => isExpression(argument, levels - 1))
}

export const isError = (value: unknown): boolean => isRecord(value) && isString(value['code']) && isString(value['message']) && typeof value['retryable'] === 'boolean'

const isServed = (value: unknown): boolean => isRecord(value) && isCount(value['id']) && (value['rows'] === null || isCount(value['rows'])) && typeof value['whole'] === 'boolean' && 'edge' in value && (value['error'] === undefined || isError(value['error']))

const isDiff = (value: unknown): value is CollectionDiff =>
  isRecord(value) && isString(value['collection']) && (isListOf(value['rows'], isRecord) || isRowTable(value['rows'])) && isListOf(value['deleted'], isString) && (value['pending'] === undefined || isListOf(value['pending'], isString))

function isBatch(value: unknown): value is DiffBatch {
  if (!isRecord(value)) return false
  const { epoch, from, to, branch, seq, digest, last, diffs, replace, replaced, served, filling, isFill, txids, stored, ready, stale, status, events, invalid } = value
  return (
    [epoch, from, to, branch].every(isString) &&
    isCount(seq) &&
    isCount(digest) &&
    [last, replace, isFill, ready, stale].every((flag) => typeof flag === 'boolean') &&
    isListOf(diffs, isDiff) &&
    isListOf(replaced, isString) &&
    isListOf(served, isServed) &&
    isListOf(filling, isString) &&
    isListOf(txids, isString) &&
    isListOf(stored, isString) &&
    (status === null || isStatus(status)) &&
    isListOf(events, (batch) => isRecord(batch) && Array.isArray(batch['items']) && Array.isArray(batch['changes'])) &&
    isListOf(invalid, isRecord)
  )
}

const isStatus = (value: unknown): value is TabStatus =>
  isRecord(value) && isString(value['connection']) && isString(value['epoch']) && isCount(value['failedAttempts']) && isCount(value['rows']) && isRecord(value['queries'])

const isAppend = ([body, options]: ReadonlyArray<unknown>): boolean => (isString(body) || body instanceof Uint8Array) && isRecord(options)

/** Values are rows of the application, which the collection's schema checks. */
function isMutation(value: unknown): value is Mutation {
  if (!isRecord(value)) return false
  const { kind, collection, key, extra } = value
  if (!isString(collection) || !isString(key) || !(extra === undefined || (isRecord(extra) && (extra['headers'] === undefined || isRecord(extra['headers']))))) return false
  if (kind === 'put') return isRecord(value['value']) && (value['operation'] === 'insert' || value['operation'] === 'update' || value['operation'] === 'upsert')
  return kind === 'remove' || (kind === 'patch' && isRecord(value['changes']))
}

/** Also of a stored write. */
export const isWrite = (value: unknown): value is Write =>
  isRecord(value) && isString(value['id']) && value['id'] !== '' && typeof value['createdAt'] === 'number' && isListOf(value['mutations'], isMutation) && (value['mutations'] as unknown[]).length > 0

const isProgress = (value: unknown): boolean =>
  isRecord(value) && isString(value['id']) && (value['state'] === 'stored' || value['state'] === 'sent' || value['state'] === 'parked') && isCount(value['attempts']) && (value['error'] === null || isRecord(value['error']))

const isOutboxNews = (value: unknown): value is OutboxNews =>
  isRecord(value) &&
  typeof value['reset'] === 'boolean' &&
  isListOf(value['added'], (write) => isWrite(write) && isProgress(write)) &&
  isListOf(value['changed'], isProgress) &&
  isListOf(value['removed'], isString) &&
  isListOf(value['rejected'], isString)

const isReason = (value: unknown): value is ReconnectReason => value === 'application' || value === 'online' || value === 'preload'

/** Calls of a tab on its engine. */
export const ENGINE_CALLS: Guards = {
  hello: none,
  ping: none,
  start: none,
  reconnect: ([reason]) => isReason(reason),
  resync: none,
  visible: ([visible]) => typeof visible === 'boolean',
  subsets: ([changes]) => isListOf(changes, isSubsetChange),
  append: isAppend,
  write: ([write]) => isWrite(write),
  retryWrite: ([id]) => isString(id),
  discardWrite: ([id]) => isString(id),
  streamEnd: none,
  clearCache: ([discardWrites]) => typeof discardWrites === 'boolean',
  inspect: none,
  leave: none,
}

/** The calls of an engine on a tab. */
export const TAB_CALLS: Guards = {
  apply: ([batch]) => isBatch(batch),
  status: ([status]) => isStatus(status),
  outbox: ([news]) => isOutboxNews(news),
  requestValues: ([leaderKey]) => leaderKey === undefined || leaderKey instanceof Uint8Array,
}

/** A call as Comlink posts it, of one of these methods; a call of a nested property does not pass. */
export function isCall(message: unknown, guards: Guards): boolean {
  if (!isRecord(message) || message['type'] !== 'APPLY' || !isString(message['id'])) return false
  const { path, argumentList } = message
  if (!Array.isArray(path) || path.length !== 1 || !Array.isArray(argumentList)) return false
  const name: unknown = path[0]
  if (!isString(name) || !Object.hasOwn(guards, name)) return false
  if (!argumentList.every((argument) => isRecord(argument) && argument['type'] === 'RAW')) return false
  return guards[name]!(argumentList.map((argument: { value: unknown }) => argument.value))
}

/** An answer as Comlink posts it. */
export const isAnswer = (message: unknown): boolean =>
  isRecord(message) && isString(message['id']) && (message['type'] === 'RAW' || (message['type'] === 'HANDLER' && message['name'] === 'throw'))

/** Recognizes a connect message among the messages that an application posts to its worker. */
export function isConnectMessage(data: unknown): data is ConnectMessage {
  if (typeof data !== 'object' || data === null) return false
  const message = data as Partial<ConnectMessage>
  return (
    message.sidestream === 'connect' &&
    typeof message.version === 'number' &&
    typeof message.hello === 'object' &&
    isPort(message.engine) &&
    isPort(message.tab)
  )
}

const isPort = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as Partial<MessagePortLike>).postMessage === 'function'
