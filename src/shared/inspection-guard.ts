import { isCount, isError, isExpression, isListOf, isRecord, isString } from './guards.ts'
import type { Inspection } from './inspection.ts'

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const areStrings = (values: ReadonlyArray<unknown>): boolean => values.every(isString)
const isCountOrNull = (value: unknown): boolean => value === null || isCount(value)

const isTab = (value: unknown): boolean =>
  isRecord(value) && [value['isSelf'], value['visible'], value['started'], value['behind']].every(isBoolean) && areStrings([value['where'], value['offset']]) && isCount(value['failovers'])

const isNote = (value: unknown): boolean =>
  isRecord(value) && isTime(value['at']) && isString(value['state']) && (value['why'] === null || isString(value['why'])) && (value['error'] === null || isError(value['error']))

const isStored = (value: unknown): boolean => isRecord(value) && isCount(value['segments']) && isCount(value['entries']) && isCountOrNull(value['live'])

const isCollection = (value: unknown): boolean =>
  isRecord(value) && isString(value['name']) && isCount(value['rows']) && isCountOrNull(value['bytes']) && (value['stored'] === null || isStored(value['stored']))

const isFirst = (value: unknown): boolean => isRecord(value) && isExpression(value['expression']) && isString(value['direction']) && isCount(value['rows'])

const isHeld = (value: unknown): boolean =>
  isRecord(value) &&
  isString(value['collection']) &&
  (value['where'] === null || isExpression(value['where'])) &&
  (value['first'] === null || isFirst(value['first'])) &&
  isCount(value['rows']) &&
  isCount(value['tabs'])

const isIndex = (value: unknown): boolean => isRecord(value) && isString(value['collection']) && isExpression(value['expression']) && isBoolean(value['complete'])

const isQuery = (value: unknown): boolean =>
  isRecord(value) &&
  (value['name'] === null || isString(value['name'])) &&
  isString(value['about']) &&
  isCount(value['rows']) &&
  (value['runMs'] === null || isTime(value['runMs'])) &&
  isCount(value['tabs']) &&
  (value['error'] === null || isError(value['error']))

const isQuarantined = (value: unknown): boolean =>
  isRecord(value) && isTime(value['at']) && areStrings([value['code'], value['reason'], value['offset'], value['text']])

const isEvent = (value: unknown): boolean =>
  isRecord(value) &&
  isCount(value['number']) &&
  isTime(value['at']) &&
  areStrings([value['offset'], value['kind'], value['operation'], value['type'], value['key'], value['text']])

/** Answers come from workers, and for a follower's tab over a channel that all code of the origin can write to. */
export const isInspection = (value: unknown): value is Inspection =>
  isRecord(value) &&
  isString(value['epoch']) &&
  isTime(value['now']) &&
  isString(value['offset']) &&
  isCount(value['seq']) &&
  isCountOrNull(value['unstored']) &&
  isListOf(value['tabs'], isTab) &&
  isListOf(value['connections'], isNote) &&
  isListOf(value['collections'], isCollection) &&
  isListOf(value['subsets'], isHeld) &&
  isListOf(value['indexes'], isIndex) &&
  isListOf(value['queries'], isQuery) &&
  isListOf(value['quarantined'], isQuarantined) &&
  isListOf(value['events'], isEvent)
