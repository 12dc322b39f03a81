/**
 * The worlds of a run. `SIDESTREAM_SEED=n` replays one world; `SIDESTREAM_SEEDS=n` runs as many, from `SIDESTREAM_FROM` on.
 * @param usual how many, from 1 on, when nothing else is asked for
 */
export function seedRange(usual: number): { readonly first: number; readonly last: number } {
  const { SIDESTREAM_SEED: one, SIDESTREAM_SEEDS: count, SIDESTREAM_FROM: from } = process.env
  if (one !== undefined) return { first: Number(one), last: Number(one) }
  const first = Number(from ?? 1)
  return { first, last: first + Number(count ?? usual) - 1 }
}
