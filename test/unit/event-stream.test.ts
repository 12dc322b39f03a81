import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventStream } from '../../src/worker/stream/event-stream.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const DATA = 'event: data\ndata:[1]\n\n'
const CONTROL = 'event: control\ndata:{"streamNextOffset":"1"}\n\n'

/** What the client gets of parts that come one after the other. */
function taken(parts: ReadonlyArray<Uint8Array>): string {
  const events = new EventStream()
  const decoder = new TextDecoder()
  return parts.map((part) => decoder.decode(events.take(part, 0), { stream: true })).join('')
}

describe('the bytes of an event stream', () => {
  test('have one line feed for each line end, wherever a packet ends', () => {
    const line = fc.tuple(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, '')), fc.constantFrom('\r\n', '\n', '\r'))
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
        // No line is empty: a line that ends in CR and an empty one that ends in LF are the same bytes as one CRLF.
        const text = lines.map(([content, end]) => `x${content}${end}`).join('')
        const bytes = encode(text)
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
        const parts = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
        expect(taken(parts)).toBe(lines.map(([content]) => `x${content}\n`).join(''))
      }),
    )
  })

  test('are the same bytes where no line ends in CR', () => {
    const bytes = encode(DATA)
    expect(new EventStream().take(bytes, 0)).toBe(bytes)
  })
})

describe('events that wait for their control event', () => {
  const open = (...parts: ReadonlyArray<readonly [string, number]>): EventStream => {
    const events = new EventStream()
    for (const [text, now] of parts) events.take(encode(text), now)
    return events
  }

  test('wait from the first of them', () => {
    expect(open([DATA, 100], [DATA, 400]).openMs(1000)).toBe(900)
    expect(open([CONTROL + DATA, 100]).openMs(1000)).toBe(900)
    expect(open([DATA, 100], [CONTROL + DATA, 400]).openMs(1000)).toBe(600)
  })

  test('wait no more once it is there, and comments wait for nothing', () => {
    expect(open([DATA, 100], [CONTROL, 200]).openMs(1000)).toBe(0)
    expect(open([': keep-alive\n\n', 100]).openMs(1000)).toBe(0)
  })

  test('are found although packets cut their names', () => {
    expect(open(['event: da', 100], ['ta\ndata:[1]\n\n', 200]).openMs(1000)).toBe(800)
    expect(open([DATA, 100], ['event: contr', 200], ['ol\ndata:{}\n\n', 300]).openMs(1000)).toBe(0)
  })

  test('are not found in their data', () => {
    expect(open(['event: control\ndata:"event: data"\ndata: event: data\n\n', 100]).openMs(1000)).toBe(0)
  })
})
