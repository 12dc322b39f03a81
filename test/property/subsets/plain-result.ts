/** A query's rows without what the library and TanStack DB add to them; a field that is undefined is one that is not there. */
export const plainResult = (rows: readonly unknown[]): unknown[] => rows.map(plain)

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([name, of]) => name !== '_seq' && !name.startsWith('$') && of !== undefined)
  return Object.fromEntries(fields.map(([name, of]) => [name, plain(of)]))
}
