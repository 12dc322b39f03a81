/** One object of the JSON report; see bench/README.md. */
export interface Figure {
  readonly case: string
  readonly rows: number
  readonly who: string
  readonly metric: string
  readonly unit: 'ms' | 'bytes' | 'count' | 'share' | 'ratio'
  readonly median: number | null
  readonly over?: number
  readonly runs: readonly (number | null)[]
  readonly [part: string]: unknown
}

export function figure(of: { readonly metric: string; readonly runs: readonly number[]; readonly [part: string]: unknown }): Figure
export function median(runs: readonly number[]): number
export function percentile(values: readonly number[], share: number): number
