/** What each part of a visit is for, in the order in which rows pass them. */
export const STAGES = ['start', 'fetch', 'parse', 'fold', 'store', 'read', 'encode', 'post', 'decode', 'install', 'query', 'paint', 'gc', 'browser', 'other', 'idle']

// What the browser does itself has no file. The name decides, whoever calls it.
const NATIVE = {
  '(idle)': 'idle',
  '(program)': 'browser',
  '(garbage collector)': 'gc',
  parse: 'parse',
  stringify: 'encode',
  encode: 'encode',
  fetch: 'fetch',
  text: 'fetch',
  json: 'fetch',
  read: 'fetch',
  decode: 'fetch',
  postMessage: 'post',
  'get data': 'decode',
  structuredClone: 'post',
  put: 'store',
  add: 'store',
  // Of a request to IndexedDB: what was stored becomes objects again.
  'get result': 'read',
}

// The first that begins as a frame's file does, with the function's name where there is one: `[file, stage, functions]`.
const FILES = [
  ['src/shared/row-table.ts', 'encode', /pack|encode/i],
  ['src/shared/row-table.ts', 'decode'],
  ['src/shared/batch.ts', 'encode'],
  ['src/shared/row-diff.ts', 'fold'],
  ['src/shared/guards.ts', 'post'],
  ['src/shared/events.ts', 'fold'],
  ['src/shared', 'start'],
  ['src/worker/stream', 'fetch'],
  ['src/worker/reader', 'fetch'],
  ['src/worker/core/subsets', 'query'],
  ['src/worker/queries', 'query'],
  ['src/worker/core/segment-directory.ts', 'store'],
  ['src/worker/core', 'fold'],
  ['src/worker/cache/hydrate.ts', 'read'],
  ['src/worker/cache/cache.ts', 'read', /hydrate|read|load/i],
  ['src/worker/cache', 'store'],
  ['src/worker/store', 'read', /read|get|decode|groups?Of|hydrate/i],
  ['src/worker/store', 'store'],
  ['src/worker/engine/hydration.ts', 'read'],
  ['src/worker/engine/readings.ts', 'fold'],
  ['src/worker/engine.ts', 'fold'],
  ['src/worker/engine', 'encode'],
  ['src/worker/tabs/comlink.ts', 'post'],
  ['src/worker/tabs', 'encode'],
  ['src/worker/writes', 'fold'],
  ['src/worker', 'start'],
  ['src/in-page', 'start'],
  ['src/main/inbox.ts', 'decode'],
  ['src/main/json-rows.ts', 'decode'],
  ['src/main/order-index.ts', 'query'],
  ['src/main/query-window.ts', 'query'],
  ['src/main/nearest-rows.ts', 'query'],
  ['src/main/held-subsets.ts', 'query'],
  ['src/main/replica.ts', 'install'],
  ['src/main/collection-sink.ts', 'install'],
  ['src/main/pace.ts', 'install'],
  ['src/main/result-rows.ts', 'install'],
  ['src/main/results.ts', 'query'],
  ['src/main', 'start'],
  // What a getter or JSON.parse does counts as its caller's own: a listener that asks for a message's data makes objects of it.
  ['node_modules/comlink', 'decode', /^(callback|handleMessage|)$/],
  ['node_modules/comlink', 'post'],
  ['node_modules/idb', 'read', /^success$/],
  ['node_modules/idb', 'store'],
  ['node_modules/@durable-streams/client', 'parse', /json/i],
  ['node_modules/@durable-streams/client', 'fetch'],
  ['node_modules/@durable-streams/state', 'fold'],
  ['node_modules/@microsoft/fetch-event-source', 'fetch'],
  ['node_modules/@tanstack/db-ivm', 'query'],
  ['node_modules/@tanstack/db/dist/esm/query', 'query'],
  ['node_modules/@tanstack/db/dist/esm/index', 'query'],
  ['node_modules/@tanstack/db/dist/esm/utils/btree', 'query'],
  ['node_modules/@tanstack/db', 'install'],
  ['node_modules/fractional-indexing', 'query'],
  ['node_modules/sorted-btree', 'query'],
  ['node_modules/valibot', 'start'],
  ['bench/pages', 'other'],
]

/** Sums a thread's samples by stage: the innermost frame that has a stage decides. */
export function sumStages(samples, sourceOf) {
  const sums = {}
  for (const { frames, ms } of samples) {
    const stage = stageOf(frames, sourceOf)
    sums[stage] = (sums[stage] ?? 0) + ms
  }
  return sums
}

/** The functions with the most time of their own: `[stage, function, file, ms]`. */
export function topFunctions(samples, sourceOf, count) {
  const sums = new Map()
  for (const { frames, ms } of samples) {
    const [{ functionName }] = frames
    const file = frames.map(sourceOf).find((each) => each !== undefined) ?? ''
    const key = JSON.stringify([stageOf(frames, sourceOf), functionName || '(anonymous)', file])
    sums.set(key, (sums.get(key) ?? 0) + ms)
  }
  const sorted = [...sums].sort((a, b) => b[1] - a[1]).map(([key, ms]) => [...JSON.parse(key), ms])
  return sorted.filter(([stage]) => stage !== 'idle').slice(0, count)
}

/** All visits as one table in Markdown, a line for each thread: ms. */
export function breakdownTable(results) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  const ms = (value) => (value < 0.5 ? '' : value.toFixed(0))
  const name = ({ who, title, rows, totalMs }) => `${who === 'peer' ? 'peer, ' : ''}${title}, ${rows.toLocaleString('en-US')} rows: ${ms(totalMs)}`
  const lines = results.flatMap((result) =>
    result.threads.map((thread, index) =>
      line([index === 0 ? name(result) : '', thread.name.replace(' thread', ''), ...STAGES.map((stage) => ms(thread.stages[stage]))]),
    ),
  )
  return [line(['ms', 'thread', ...STAGES]), `|---|---|${STAGES.map(() => '---:|').join('')}`, ...lines].join('\n')
}

export function stageOf(frames, sourceOf) {
  for (const frame of frames) {
    const file = sourceOf(frame)
    const stage = file === undefined ? NATIVE[frame.functionName] : ofFile(file, frame.functionName)
    if (stage !== undefined) return stage
  }
  return 'other'
}

const ofFile = (file, name) => FILES.find(([begin, , functions]) => file.startsWith(begin) && (!functions || functions.test(name)))?.[1]
