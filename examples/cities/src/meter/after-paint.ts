/** Calls when the next frame has been painted, as near as a page can know. */
export function afterPaint(done: () => void) {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      done()
    }
    port2.postMessage(null)
  })
}
