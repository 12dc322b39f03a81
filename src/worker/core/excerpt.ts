const MOST_LEVELS = 20

/** The beginning of a value as JSON. What is cut off is not copied, and keeps no long text in memory. Never throws. */
export function excerpt(value: unknown, most: number): string {
  const parts: string[] = []
  let left = most
  const put = (text: string): void => {
    if (left > 0) parts.push(text.slice(0, left))
    left -= text.length
  }
  const walk = (part: unknown, levels: number): void => {
    if (left <= 0) return
    if (typeof part === 'string') put(JSON.stringify(part.slice(0, left)))
    else if (typeof part !== 'object' || part === null) put(String(part))
    else if (levels === 0) put('…')
    else if (Array.isArray(part)) list('[]', part, (item) => { walk(item, levels - 1) })
    else {
      list('{}', ownNames(part), (name) => {
        put(`${JSON.stringify(name.slice(0, left))}:`)
        walk((part as Record<string, unknown>)[name], levels - 1)
      })
    }
  }
  const list = <T>([open, close]: string, items: Iterable<T>, each: (item: T) => void): void => {
    put(open!)
    let isFirst = true
    for (const item of items) {
      if (left <= 0) return
      if (!isFirst) put(',')
      isFirst = false
      each(item)
    }
    put(close!)
  }
  try {
    walk(value, MOST_LEVELS)
  } catch {
    put('…')
  }
  return left < 0 ? `${parts.join('')}…` : parts.join('')
}

function* ownNames(object: object): Generator<string> {
  for (const name in object) if (Object.hasOwn(object, name)) yield name
}
