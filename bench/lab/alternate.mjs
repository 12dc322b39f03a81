/**
 * Measures each of `who` in turn, `runs` times, after one discarded turn, unless the case has had one. Alternating spreads
 * whatever the machine is doing meanwhile over both sides. Those in `once` take part in the first turn only.
 */
export async function alternate({ who, runs, label, warmedUp = false, once = [] }, measure) {
  const results = new Map(who.map((side) => [side, []]))
  for (let run = warmedUp ? 1 : 0; run <= runs; run += 1) {
    for (const side of who) {
      if (run > 1 && once.includes(side)) continue
      progress(`${label}: ${side} ${run === 0 ? 'warm-up' : `${String(run)}/${String(runs)}`}`)
      const result = await measure(side)
      if (run > 0) results.get(side).push(result)
    }
  }
  progress('')
  return results
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
