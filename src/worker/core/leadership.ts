/**
 * The role of one worker among the workers of all tabs, for one stream.
 *
 * - `seeking` no leader has answered yet; another worker may hold the lock
 * - `following` another worker leads, and answers
 * - `stealing` no leader answers, and this worker is about to steal the lock
 * - `leading` this worker holds the lock
 * - `resigned` this worker has no tab any more
 */
export type Role = 'seeking' | 'following' | 'stealing' | 'leading' | 'resigned'

export type RoleEvent =
  | 'welcomed' // a leader has answered
  | 'leader-lost' // the leader is gone or silent
  | 'silence' // enough calls have gone unanswered
  | 'yield' // another worker is stealing, or the leader has answered after all
  | 'granted' // the lock was free, or has been stolen
  | 'lock-stolen' // another worker has stolen the lock
  | 'resign'

/** An event that is not listed for a role does not change it. */
const ROLES: Record<Role, Partial<Record<RoleEvent, Role>>> = {
  seeking: { welcomed: 'following', silence: 'stealing', granted: 'leading', resign: 'resigned' },
  following: { 'leader-lost': 'seeking', granted: 'leading', resign: 'resigned' },
  stealing: { welcomed: 'following', yield: 'seeking', granted: 'leading', resign: 'resigned' },
  leading: { 'lock-stolen': 'seeking', resign: 'resigned' },
  resigned: {},
}

export const nextRole = (role: Role, event: RoleEvent): Role => ROLES[role][event] ?? role

/** Calls that have to go unanswered before this worker's first theft; {@link callsBeforeTheft} doubles them for each theft. */
const FEWEST_CALLS = 4
const MOST_CALLS = 64

/**
 * Calls that have to go unanswered before the lock is stolen. Each theft by this worker doubles them, and up to two more come by
 * chance, so that two workers do not steal in the same moment: workers must never steal from each other in turns.
 * @param random in [0, 1)
 */
export function callsBeforeTheft(thefts: number, random: number): number {
  return Math.min(MOST_CALLS, FEWEST_CALLS * 2 ** Math.min(thefts, 10)) + Math.floor(random * 3)
}

/** The highest term: a number that can still grow by one without loss. */
const HIGHEST_TERM = 2 ** 52
/** Terms follow the clock. A term further ahead of the clock than this, ms, is not a leader's. */
const MOST_TERM_AHEAD_MS = 24 * 60 * 60 * 1000

/** Whether a value has the form of a term. */
export const isTerm = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= HIGHEST_TERM

/**
 * Whether a term may be the next leader's. A message with any other term is ignored: a forged message must not depose a leader.
 * @param known the highest term heard of; 0 before any
 * @param nowMs the later of the monotonic and the wall clock, in ms as terms are
 */
export const isPlausibleTerm = (term: number, known: number, nowMs: number): boolean => isTerm(term) && term <= Math.max(known, nowMs) + MOST_TERM_AHEAD_MS
