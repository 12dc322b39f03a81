/** @returns the known name that was probably meant by `name`, at most two edits away; or null */
export function likeliest(name: string, known: ReadonlyArray<string>): string | null {
  const written = name.toLowerCase()
  const [nearest] = known
    .map((one) => ({ one, distance: distanceOf(written, one.toLowerCase()) }))
    .filter(({ one, distance }) => distance <= 2 && distance < one.length / 2)
    .sort((a, b) => a.distance - b.distance)
  return nearest?.one ?? null
}

/** The Levenshtein distance: how many letters have to be inserted, deleted or replaced. */
function distanceOf(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, above[column]! + 1, current[column - 1]! + 1))
    }
    above = current
  }
  return above[b.length]!
}
