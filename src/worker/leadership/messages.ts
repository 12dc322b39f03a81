import { PROTOCOL_VERSION, type Hello } from '../../shared/calls.ts'
import { isTerm } from '../core/leadership.ts'
import { isRecord } from '../../shared/guards.ts'

/*
 * The messages of workers on channels. All code of the origin hears them, and can send them: no message carries headers, params
 * or a URL, and a message that does not pass its guard is ignored.
 */

/** A message to all workers of a stream: a worker has begun to lead, or looks for the leader on behalf of a tab. */
export type Announcement =
  | { readonly sidestream: number; readonly kind: 'lead'; readonly term: number }
  | { readonly sidestream: number; readonly kind: 'seek'; readonly session: string }

export type Side = 'leader' | 'follower'

/** The lane of a session's message. A frame without a lane is a sign of life, or (`bye`) the last message. */
export type Lane = 'hello' | 'engine' | 'tab'

/** A message of a session. */
export interface Frame {
  readonly sidestream: number
  readonly from: Side
  /** The leader's term; 0 from a follower. */
  readonly term: number
  /** Number of this message in its direction; a sign of life has the number of the last message before it. */
  readonly seq: number
  readonly lane: Lane | null
  readonly bye: boolean
  readonly body: unknown
}

/** The hello of a follower's tab. The leader has the same settings, and asks for headers and params, which cross sealed. */
export type WireHello = Omit<Hello, 'settings' | 'request'>

const LANES: ReadonlyArray<unknown> = ['hello', 'engine', 'tab', null] satisfies Array<Lane | null>
/** The longest id of a session, in characters; this library's ids have some 25. */
const MOST_SESSION_LENGTH = 64

export const isAnnouncement = (value: unknown): value is Announcement =>
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
