import type { Preview } from './subsets/preview.ts'

/** What tabs were looking at when the state was stored: subset key → its rows. */
export type Previews = ReadonlyMap<string, Preview>

/**
 * - `idle` no tab has asked for rows
 * - `hydrating` the cache is being read; tabs can see only the previews
 * - `flowing` the cache is being read, and its rows go to the tabs as they come
 * - `reading` the cache has been read, or there is none: the stream is read
 * - `closed` nothing is read or told any more
 */
export type EnginePhase =
  | { readonly kind: 'idle' | 'flowing' | 'reading' | 'closed' }
  | { readonly kind: 'hydrating'; readonly previews: Previews | null }

export type EngineEvent =
  | { readonly kind: 'start' } // a tab asks for rows
  | { readonly kind: 'previews'; readonly previews: Previews } // the previews have been read from the cache
  | { readonly kind: 'rows' } // some rows of a complete cache have been read
  | { readonly kind: 'hydrated' } // all rows have been read, or there are none
  | { readonly kind: 'close' }

type Kind = EnginePhase['kind']

/** Every phase × every event. `closed` is final. */
export const ENGINE_PHASES: Readonly<Record<Kind, Readonly<Record<EngineEvent['kind'], Kind>>>> = {
  idle: { start: 'hydrating', previews: 'idle', rows: 'idle', hydrated: 'idle', close: 'closed' },
  hydrating: { start: 'hydrating', previews: 'hydrating', rows: 'flowing', hydrated: 'reading', close: 'closed' },
  flowing: { start: 'flowing', previews: 'flowing', rows: 'flowing', hydrated: 'reading', close: 'closed' },
  reading: { start: 'reading', previews: 'reading', rows: 'reading', hydrated: 'reading', close: 'closed' },
  closed: { start: 'closed', previews: 'closed', rows: 'closed', hydrated: 'closed', close: 'closed' },
}

export function nextPhase(phase: EnginePhase, event: EngineEvent): EnginePhase {
  const kind = ENGINE_PHASES[phase.kind][event.kind]
  if (kind !== 'hydrating') return kind === phase.kind ? phase : { kind }
  const known = phase.kind === 'hydrating' ? phase.previews : null
  return { kind, previews: event.kind === 'previews' ? event.previews : known }
}
