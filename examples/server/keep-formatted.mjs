const [OPEN, COMMA, CLOSE] = ['[', ',', ']'].map((text) => Buffer.from(text))

/**
 * Makes a store keep the messages as they are sent. The embedded server parses and writes anew all that somebody reads,
 * which takes longer than anything that a reader does with it; servers in earnest send what they have stored.
 */
export function keepFormatted(store) {
  const format = store.formatResponse.bind(store)
  /** Message → its events, with commas between them. */
  const kept = new WeakMap()

  function eventsOf(path, message) {
    let events = kept.get(message)
    if (events === undefined) {
      const array = format(path, [message])
      events = array.subarray(OPEN.length, array.length - CLOSE.length)
      kept.set(message, events)
    }
    return events
  }

  store.formatResponse = (path, messages) => {
    const parts = messages.flatMap((message, index) => (index === 0 ? [] : [COMMA]).concat(eventsOf(path, message)))
    return Buffer.concat([OPEN, ...parts, CLOSE])
  }
  return store
}
