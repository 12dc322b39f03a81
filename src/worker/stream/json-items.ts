/** Text is parsed when there is this much of it, in characters; a shorter answer is parsed in one go, at its end. */
const PART_CHARACTERS = 512 * 1024
/** How many places are tried, from the end, at which a text may be cut. */
const TRIES = 2

/**
 * Parses an answer while it arrives. An answer is a JSON array; a beginning of its text is parsed when it ends between two items.
 *
 * The cut needs no parser of its own: a text that begins with the array, ends before a comma, and is valid JSON together with `]`
 * has whole items only. Inside a string or a nested value it would lack more than one bracket. So a place that looks like the start
 * of an item is tried, and `JSON.parse` decides.
 */
export class JsonItems {
  readonly #decoder = new TextDecoder()
  readonly #items: unknown[] = []
  readonly #partCharacters: number
  #text = ''
  #least: number
  /** A comma, and the beginning of the first item up to the name of its first field: other items begin so too. */
  #start: string | null = null
  #isCut = false

  constructor(partCharacters = PART_CHARACTERS) {
    this.#partCharacters = partCharacters
    this.#least = partCharacters
  }

  /** The items that have been parsed. */
  get parsed(): ReadonlyArray<unknown> {
    return this.#items
  }

  /** The length of the text that is not parsed yet. */
  get heldCharacters(): number {
    return this.#text.length
  }

  take(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true })
    if (this.#text.length >= this.#least) this.#parsePart()
  }

  /**
   * The answer has ended.
   * @returns its items; a value that is no array is the only item
   * @throws SyntaxError
   */
  end(): unknown[] {
    const text = this.#text + this.#decoder.decode()
    this.#text = ''
    if (!this.#isCut && text.trim() === '') return []
    const rest: unknown = JSON.parse(text)
    if (!Array.isArray(rest)) return [rest]
    return this.#isCut ? this.#add(rest) : rest
  }

  #parsePart(): void {
    const text = this.#text
    this.#start ??= startOf(text)
    if (this.#start === null) {
      this.#least = Infinity
      return
    }
    let at = text.length
    for (let tries = 0; tries < TRIES; tries += 1) {
      at = text.lastIndexOf(this.#start, at - 1)
      if (at <= 0) break
      const items = parsed(`${text.slice(0, at)}]`)
      if (!items) continue
      this.#add(items)
      this.#isCut = true
      this.#text = `[${text.slice(at + 1)}`
      this.#least = this.#partCharacters
      return
    }
    this.#least = 2 * text.length
  }

  #add(items: ReadonlyArray<unknown>): unknown[] {
    for (const item of items) this.#items.push(item)
    return this.#items
  }
}

function startOf(text: string): string | null {
  const [, first] = /^\s*\[\s*(\{\s*"[^"\\]{0,100}":)/.exec(text) ?? []
  return first === undefined ? null : `,${first}`
}

function parsed(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
