import type { BrowserContext } from 'playwright'

const SET_METHODS = ['union', 'intersection', 'difference', 'symmetricDifference', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom']

/** Features that the oldest supported browsers lack (see the table in docs/browsers.md): the library may need none of them. */
export const ABOVE_THE_FLOOR: readonly string[] = [
  'AbortSignal.any',
  'AbortSignal.timeout',
  'AbortSignal.prototype.throwIfAborted',
  'Promise.withResolvers',
  'Promise.try',
  'Array.fromAsync',
  ...['toSorted', 'toReversed', 'toSpliced', 'with', 'findLast', 'findLastIndex'].map((name) => `Array.prototype.${name}`),
  'Object.groupBy',
  'Map.groupBy',
  ...SET_METHODS.map((name) => `Set.prototype.${name}`),
  'Iterator',
  'String.prototype.isWellFormed',
  'String.prototype.toWellFormed',
  'ArrayBuffer.prototype.transfer',
  'RegExp.escape',
  'URL.canParse',
  'URL.parse',
  'ReadableStream.from',
  'CompressionStream',
  'DecompressionStream',
  'scheduler',
  'requestIdleCallback',
  'Crypto.prototype.randomUUID',
  'IDBFactory.prototype.databases',
  'SharedWorker',
]

/** Deletes the named features that exist. It runs in pages and in workers, as text. */
function take(features: readonly string[]): void {
  for (const feature of features) {
    const path = feature.split('.')
    const name = path.pop()!
    const owner = path.reduce<unknown>((object, part) => (object as Record<string, unknown> | undefined)?.[part], globalThis)
    if (typeof owner !== 'object' && typeof owner !== 'function') continue
    // Workers have most of their globals from a prototype.
    let holder: object | null = owner
    while (holder && name in holder) {
      Reflect.deleteProperty(holder, name)
      holder = Object.getPrototypeOf(holder) as object | null
    }
    if (owner && name in owner) throw new Error(`${feature} cannot be taken away`)
  }
}

/**
 * Has each worker that a page makes begin with a script. The worker's module is imported statically, so that messages wait
 * until it has been evaluated, as they do for a module worker.
 */
function beginWorkersWith(script: string): void {
  const begun = (url: string | URL): string => {
    const first = `data:text/javascript,${encodeURIComponent(script)}`
    const source = `import ${JSON.stringify(first)}; import ${JSON.stringify(new URL(url, location.href).href)}`
    return URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  }
  for (const name of ['Worker', 'SharedWorker'] as const) {
    const Original = (globalThis as Partial<typeof globalThis>)[name]
    if (!Original) continue
    const Begun = class extends Original {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(begun(url), options)
      }
    }
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value: Begun })
  }
}

/** Pages of the context, and their workers, have none of these features before any other script runs. */
export async function withoutFeatures(context: BrowserContext, features: readonly string[]): Promise<void> {
  const script = `(${take.toString()})(${JSON.stringify(features)})`
  await context.addInitScript(`${script}; (${beginWorkersWith.toString()})(${JSON.stringify(script)})`)
}
