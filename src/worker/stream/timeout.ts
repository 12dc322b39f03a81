export class Timeout extends Error {
  override readonly name = 'Timeout'
}

/** `work`, or a rejection after `limitMs`. @throws Timeout */
export function limited<T>(work: Promise<T>, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Timeout(`no answer within ${String(limitMs)} ms`))
    }, limitMs)
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer)
    })
  })
}
