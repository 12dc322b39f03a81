/** `promise`, or a failure that names `what` after `ms`. */
export async function within(ms, what, promise) {
  const late = Symbol()
  const result = await orAfter(ms, promise, late)
  if (result === late) throw new Error(`${what}: no result after ${String(ms / 1000)} s`)
  return result
}

/** `promise`, or undefined after `ms`. */
export const byThen = (ms, promise) => orAfter(ms, promise, undefined)

async function orAfter(ms, promise, otherwise) {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms, otherwise)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
