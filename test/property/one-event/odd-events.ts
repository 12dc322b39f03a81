import fc from 'fast-check'

/** Names that are something in JavaScript, or nothing at all. */
const oddName = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'toJSON', 'length', '', ' ', '\ud800', '\udfff\ud800', '\u0000', '_seq', 'id', 'n')
const oddText = fc.oneof(oddName, fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 200_000 }).map((length) => 'x'.repeat(length)))

/** JSON text, nested up to twenty thousand levels. */
const deep = fc.tuple(fc.constantFrom(['[', '1', ']'], ['{"o":', '{}', '}'], ['{"__proto__":', 'null', '}'], ['[[],', '0', ']']), fc.oneof(fc.integer({ min: 1, max: 260 }), fc.integer({ min: 261, max: 20_000 })))
  .map(([[open, middle, close], levels]) => open!.repeat(levels) + middle! + close!.repeat(levels))
const wide = fc.integer({ min: 1, max: 5000 }).map((fields) => `{${Array.from({ length: fields }, (_, field) => `"f${String(field)}":${String(field)}`).join(',')}}`)
const number = fc.constantFrom('0', '-0', '1', '1e400', '-1e400', '1e-400', '12345678901234567890123', '0.1')
const text = oddText.map((value) => JSON.stringify(value))
const json = fc.json({ depthSize: 'large', stringUnit: 'binary' })
/** Any JSON text. */
const any = fc.oneof(json, deep, text, wide, number, fc.constantFrom('null', 'true', '[]', '{}', '{"__proto__":{"id":"p"}}'))

/** JSON text of an object with these fields; the same name may come twice. */
const objectOf = (fields: fc.Arbitrary<ReadonlyArray<readonly [string, string]>>): fc.Arbitrary<string> =>
  fields.map((entries) => `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`)

const field = (name: string, usual: ReadonlyArray<string>): fc.Arbitrary<ReadonlyArray<readonly [string, string]>> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...usual).map((value) => [[name, value]] as const) },
    { weight: 2, arbitrary: any.map((value) => [[name, value]] as const) },
    { weight: 1, arbitrary: fc.constant([]) },
  )

const all = (...fields: fc.Arbitrary<ReadonlyArray<readonly [string, string]>>[]): fc.Arbitrary<ReadonlyArray<readonly [string, string]>> =>
  fc.tuple(...fields).map((parts) => parts.flat())

const more = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.tuple(oddText, any).map((entry) => [entry] as const) })

const headers = objectOf(
  all(
    field('operation', ['"insert"', '"update"', '"upsert"', '"delete"']),
    // Those that are known mean something to the other rows, and are tested elsewhere.
    fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.constantFrom('"RESET"', 'null', '1', '{}', '["reset"]').map((value) => [['control', value]] as const) }),
    field('txid', ['"t"', 'null']),
    field('offset', ['"0"', 'null']),
    more,
  ),
)

const shaped = objectOf(
  all(
    field('type', ['"item"', '"user"']),
    // Good rows have keys of their own.
    field('key', ['"odd"', '"__proto__"', '""', '7', 'null', '["i000001"]']),
    field('value', ['{"id":"odd","n":1}', '{"n":1}', '{"id":7}', 'null', '[]', '"text"']),
    field('old_value', ['null', '{}']),
    headers.chain((value) => field('headers', [value])),
    more,
  ),
)

/** JSON text of an event as no application would write it. */
export const oddEvent: fc.Arbitrary<string> = fc.oneof({ weight: 4, arbitrary: shaped }, { weight: 1, arbitrary: any })
