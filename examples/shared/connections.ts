import type { StreamDBStatus } from 'sidestream'
import type { Tone } from './cell.tsx'

interface Connection {
  text: string
  tone: Tone
  /** Goes on by itself, so that there is nothing to retry. */
  runs?: true
  title?: string
}

export const CONNECTIONS: Record<StreamDBStatus['connection'], Connection> = {
  idle: { text: 'idle', tone: 'plain' },
  connecting: { text: 'connecting', tone: 'warn', runs: true },
  'catching-up': { text: 'catching up', tone: 'warn', runs: true },
  live: { text: 'live', tone: 'good', runs: true },
  paused: { text: 'paused', tone: 'calm', runs: true, title: 'All tabs were hidden: nothing is read until one shows' },
  offline: { text: 'offline', tone: 'bad' },
  'needs-auth': { text: 'needs auth', tone: 'bad' },
  'not-found': { text: 'not found', tone: 'bad' },
  failed: { text: 'failed', tone: 'bad' },
  ended: { text: 'ended', tone: 'plain' },
  closed: { text: 'closed', tone: 'bad' },
}

export function freshness({ stale, upToDate }: StreamDBStatus): { text: string; tone: Tone } {
  if (stale) return { text: 'stale', tone: 'warn' }
  return upToDate ? { text: 'up to date', tone: 'good' } : { text: 'behind', tone: 'warn' }
}
