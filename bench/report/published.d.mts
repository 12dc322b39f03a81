import type { Figure } from './figures.mjs'

export interface PublishedPlace {
  readonly page: string
  readonly mark: string
  readonly text: string
}

export function publishedPlaces(figures: readonly Figure[]): readonly PublishedPlace[]
export function between(page: string, mark: string): string | null
export function replaceBetween(page: string, mark: string, text: string): string
