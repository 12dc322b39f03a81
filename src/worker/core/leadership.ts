/**
 * What a worker is among those of the other tabs, for one stream.
 *
 * - `seeking` nobody has answered yet, and somebody else may hold the lock · `following` another worker leads, and answers
 * - `stealing` nobody answers, and this worker is about to take the lock from whoever holds it
 * - `leading` this worker holds the lock · `resigned` it has no tab any more
 */
export type Role = 'seeking' | 'following' | 'stealing' | 'leading' | 'resigned'

export type RoleEvent =
  | 'welcomed' // a leader has answered
  | 'forsaken' // the leader is gone or silent
  | 'silence' // as many calls as it takes have gone unanswered
  | 'yield' // somebody else is stealing, or the leader has answered after all
  | 'granted' // the lock was free, or has been stolen
  | 'robbed' // somebody has stolen the lock
  | 'resign'

/** An event that a role does not know of leaves it as it is. */
const ROLES: Record<Role, Partial<Record<RoleEvent, Role>>> = {
  seeking: { welcomed: 'following', silence: 'stealing', granted: 'leading', resign: 'resigned' },
  following: { forsaken: 'seeking', granted: 'leading', resign: 'resigned' },
  stealing: { welcomed: 'following', yield: 'seeking', granted: 'leading', resign: 'resigned' },
  leading: { robbed: 'seeking', resign: 'resigned' },
  resigned: {},
}

export const nextRole = (role: Role, event: RoleEvent): Role => ROLES[role][event] ?? role

/** Calls that have to go unanswered before a lock is stolen, at first. */
const FEWEST_CALLS = 4
const MOST_CALLS = 64

/**
 * Calls that have to go unanswered before the lock is stolen. Each theft that this worker has committed doubles them, and
 * chance keeps two workers from thinking of it in the same moment: they must never steal from each other in turns.
 * @param random in [0, 1)
 */
export function callsBeforeTheft(thefts: number, random: number): number {
  return Math.min(MOST_CALLS, FEWEST_CALLS * 2 ** Math.min(thefts, 10)) + Math.floor(random * 3)
}

/** The highest term: beyond it, one more is the same number. */
const HIGHEST_TERM = 2 ** 52
/** Terms follow the clock. One further ahead of it than this, ms, is not a leader's. */
const MOST_TERM_AHEAD_MS = 24 * 60 * 60 * 1000

/** Whether a value can be a term at all. */
export const isTerm = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= HIGHEST_TERM

/**
 * Whether a term may be the next leader's. One that is not believed changes nothing: a forged word must not depose a leader.
 * @param known the highest term heard of; 0 before any
 * @param nowMs the latest time that any clock at hand shows, in the same ms as terms
 */
export const isPlausibleTerm = (term: number, known: number, nowMs: number): boolean => isTerm(term) && term <= Math.max(known, nowMs) + MOST_TERM_AHEAD_MS
