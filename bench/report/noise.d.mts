import type { Figure } from './figures.mjs'

export function noiseOf(figures: readonly Figure[]): { readonly isNoisy: boolean; readonly text: string }
