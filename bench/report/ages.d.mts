export function agesOf(changedAts: readonly number[], results: ReadonlyArray<readonly [shownAt: number, newestAt: number]>): number[]
