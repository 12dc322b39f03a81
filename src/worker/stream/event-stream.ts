const CR = 13
const LF = 10

/** Long enough for the start of a line that two parts share. */
const TAIL_CHARACTERS = 24

const DATA_EVENT = /\nevent: ?data\n/g
const CONTROL_EVENT = /\nevent: ?control\n/g

/**
 * Prepares the bytes of an event stream for the client, and watches what they bring.
 *
 * Lines may end in CR, LF or CRLF (HTML Standard, "Server-sent events"). The client takes a CRLF that is parted between two
 * packets for two line ends, and so loses the event; here each line end becomes one LF.
 */
export class EventStream {
  #endsInCr = false
  #tail = '\n'
  /** When the first data event after the last control event came, ms; null when there is none. */
  #dataSince: number | null = null

  /** @param now ms */
  take(bytes: Uint8Array, now: number): Uint8Array {
    const lines = this.#endsInCr || bytes.includes(CR) ? this.#withLineFeeds(bytes) : bytes
    // Only the names of events matter, which are ASCII.
    const text = this.#tail + new TextDecoder('latin1').decode(lines)
    this.#tail = text.slice(-TAIL_CHARACTERS)
    const data = lastIndexOf(DATA_EVENT, text)
    const control = lastIndexOf(CONTROL_EVENT, text)
    if (control > data) this.#dataSince = null
    else if (data > control) this.#dataSince = control >= 0 ? now : (this.#dataSince ?? now)
    return lines
  }

  /** For how long events have been waiting for the control event that says where they end, ms. */
  openMs(now: number): number {
    return this.#dataSince === null ? 0 : now - this.#dataSince
  }

  #withLineFeeds(bytes: Uint8Array): Uint8Array {
    const lines = new Uint8Array(bytes.length)
    let length = 0
    for (const byte of bytes) {
      if (byte !== LF || !this.#endsInCr) {
        lines[length] = byte === CR ? LF : byte
        length += 1
      }
      this.#endsInCr = byte === CR
    }
    return lines.subarray(0, length)
  }
}

function lastIndexOf(pattern: RegExp, text: string): number {
  let index = -1
  for (const match of text.matchAll(pattern)) index = match.index
  return index
}
