import type { Figure } from './figures.mjs'

export function onPaper(figures: readonly Figure[]): string
export function growthTable(figures: readonly Figure[]): string
