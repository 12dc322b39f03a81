import { PROTOCOL_VERSION, type Hello } from '../../shared/calls.ts'
import { isTerm } from '../core/leadership.ts'
import { isRecord } from '../../shared/guards.ts'

/*
 * What workers say to each other on channels. Everything of the origin hears it, and anything of the origin can say it: none
 * of it carries headers, params or a URL, and what does not look right is not heard.
 */

/** Said to all workers of a stream: a worker has begun to lead, or looks for the leader on behalf of a tab. */
export type Word =
  | { readonly sidestream: number; readonly kind: 'lead'; readonly term: number }
  | { readonly sidestream: number; readonly kind: 'seek'; readonly session: string }

export type Side = 'leader' | 'follower'

/** What a message of a session is part of; null for a sign of life, or (`bye`) the last one. */
export type Lane = 'hello' | 'engine' | 'tab'

/** A message of a session. */
export interface Frame {
  readonly sidestream: number
  readonly from: Side
  /** The leader's term; 0 from a follower. */
  readonly term: number
  /** Number of this message in its direction; of a sign of life, that of the last one before it. */
  readonly seq: number
  readonly lane: Lane | null
  readonly bye: boolean
  readonly body: unknown
}

/** What a follower's tab says to the leader. Both know the settings, and header and params are asked for, sealed. */
export type WireHello = Omit<Hello, 'settings' | 'request'>

const LANES: ReadonlyArray<unknown> = ['hello', 'engine', 'tab', null] satisfies Array<Lane | null>
/** Longest name of a session: ours have some 25 characters. */
const MOST_SESSION_LENGTH = 64

export const isWord = (value: unknown): value is Word =>
  isRecord(value) &&
  value['sidestream'] === PROTOCOL_VERSION &&
  ((value['kind'] === 'lead' && isTerm(value['term'])) ||
    (value['kind'] === 'seek' && typeof value['session'] === 'string' && value['session'].length > 0 && value['session'].length <= MOST_SESSION_LENGTH))

export const isFrame = (value: unknown): value is Frame =>
  isRecord(value) &&
  value['sidestream'] === PROTOCOL_VERSION &&
  (value['from'] === 'leader' || value['from'] === 'follower') &&
  isTerm(value['term']) &&
  Number.isSafeInteger(value['seq']) &&
  (value['seq'] as number) >= 0 &&
  LANES.includes(value['lane']) &&
  typeof value['bye'] === 'boolean'
