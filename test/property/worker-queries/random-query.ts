import * as db from '@tanstack/db'
import { Query } from '@tanstack/db'
import fc from 'fast-check'
import type { Build, Changes, Row, Sources } from './world.ts'

/*
 * Random queries as data, so that fast-check can make them smaller: a number for each choice, and the choices are made while the
 * query is built.
 */

export const NAMES = ['a', 'b', 'c'] as const

const KEYS = ['1', '2', '3', '4', '5', '6']

const number = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: -2, max: 3 }) }, { weight: 1, arbitrary: fc.constantFrom(0.5, 0.25, -1.5, 2 ** 31) }, { weight: 1, arbitrary: fc.constant(null) })
const text = fc.constantFrom('x', 'y', 'X', 'xy', 'Ä', '', null)

const row = fc.record({ n: number, m: fc.oneof({ weight: 5, arbitrary: number }, { weight: 1, arbitrary: fc.constant(undefined) }), s: text, t: fc.oneof(text, fc.constant(undefined)), ref: fc.constantFrom(...KEYS, null), at: fc.constantFrom(new Date(0), new Date(5), null), flag: fc.constantFrom(true, false, null), deep: fc.record({ v: number }) })

const change = fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...KEYS), fc.option(row, { freq: 6 })).map(([name, id, value]): Changes[number] => [name, id, value && ({ id, ...value } as Row)])

export const changes = (least: number, most: number): fc.Arbitrary<Changes> => fc.array(change, { minLength: least, maxLength: most })

/** A list of choices; each is taken once, and after the last one the first alternative is chosen. */
class Choices {
  readonly #left: number[]

  constructor(choices: ReadonlyArray<number>) {
    this.#left = [...choices]
  }

  of<T>(...alternatives: ReadonlyArray<T>): T {
    return alternatives[(this.#left.shift() ?? 0) % alternatives.length]!
  }

  upTo(most: number): number {
    return (this.#left.shift() ?? 0) % (most + 1)
  }

  is(oneIn: number): boolean {
    return this.upTo(oneIn - 1) === oneIn - 1
  }
}

export const choices = fc.array(fc.nat({ max: 59 }), { minLength: 15, maxLength: 40 })

type Refs = Record<string, any>

export const buildOf = (list: ReadonlyArray<number>): Build => (q, sources) => new Builder(new Choices(list), sources).root(q as never)

class Builder {
  readonly #choose: Choices
  readonly #sources: Sources

  constructor(choose: Choices, sources: Sources) {
    this.#choose = choose
    this.#sources = sources
  }

  root(q: any): any {
    const choose = this.#choose
    const kind = choose.of('plain', 'plain', 'group', 'group', 'includes', 'union', 'distinct')
    if (kind === 'union') return this.#end(this.#union(q), true)
    let query = this.#from(q, kind !== 'includes')
    for (let joins = choose.upTo(2); joins > 0; joins -= 1) query = this.#join(query, joins)
    for (let wheres = choose.of(0, 0, 0, 1, 2); wheres > 0; wheres -= 1) query = query.where((refs: Refs) => this.#condition(refs))
    if (kind === 'group') return this.#group(query)
    if (kind === 'includes') return this.#end(query.select((refs: Refs) => this.#includes(refs)), false)
    if (kind === 'distinct') return this.#end(query.select((refs: Refs) => ({ n: this.#ref(refs).n, s: this.#text(refs) })).distinct(), true)
    if (choose.is(2)) query = query.select((refs: Refs) => this.#fields(refs))
    return this.#end(query, false)
  }

  #source(withQueries: boolean): any {
    const choose = this.#choose
    const collection = this.#sources[choose.of(...NAMES)]!
    if (!withQueries || !choose.is(5)) return collection
    const inner: any = new Query().from({ i: collection }).where(({ i }: Refs) => this.#condition({ i }))
    switch (choose.of('rows', 'first', 'groups', 'fields')) {
      case 'rows':
        return inner
      case 'first':
        return inner.orderBy(({ i }: Refs) => i.n).orderBy(({ i }: Refs) => i.id).limit(3)
      case 'groups':
        return inner.groupBy(({ i }: Refs) => db.coalesce(i.ref, 'none')).select(({ i }: Refs) => ({ id: db.coalesce(i.ref, 'none'), ref: db.coalesce(i.ref, 'none'), n: db.sum(i.n), m: db.count(i.id), s: db.max(i.ref) }))
      case 'fields':
        return inner.select(({ i }: Refs) => ({ ...i, m: db.add(i.n, 1) }))
    }
  }

  #from(q: any, withQueries: boolean): any {
    return q.from({ p: this.#source(withQueries) })
  }

  #join(query: any, index: number): any {
    const choose = this.#choose
    const alias = `j${String(index)}`
    const type = choose.of('inner', 'left', 'right', 'full')
    const source = this.#source(true)
    const [own, other] = choose.of<readonly [string, string]>(['ref', 'id'], ['id', 'ref'], ['ref', 'ref'], ['s', 't'], ['n', 'm'])
    return query.join({ [alias]: source }, (refs: Refs) => (choose.is(2) ? db.eq(refs['p'][own], refs[alias][other]) : db.eq(refs[alias][other], refs['p'][own])), type)
  }

  #union(q: any): any {
    const choose = this.#choose
    const [one, other] = [this.#sources[choose.of(...NAMES)]!, this.#sources[choose.of(...NAMES)]!]
    if (choose.is(2)) return q.unionAll({ p: one, j2: other })
    const branch = (alias: string, source: any, plus: number): any => new Query().from({ [alias]: source }).where(({ [alias]: p }: Refs) => this.#condition({ p })).select(({ [alias]: p }: Refs) => ({ id: p.id, n: db.add(p.n, plus), s: p.s, ref: p.ref }))
    return q.unionAll(branch('p', one, 0), branch('u', other, 1))
  }

  #group(query: any): any {
    const choose = this.#choose
    const keys = choose.of<ReadonlyArray<string>>([], ['s'], ['n'], ['ref', 'flag'], ['at'], ['deep'], ['upper'])
    // TanStack DB has no order for keys that are null, and loses rows that have them.
    const keyOf = (refs: Refs, key: string): any => (keys.length === 1 ? db.coalesce(given(refs, key), 'none') : given(refs, key))
    const given = (refs: Refs, key: string): any => (key === 'upper' ? db.upper(refs['p'].s) : key === 'deep' ? refs['p'].deep.v : refs['p'][key])
    const sumOf = choose.of<(refs: Refs) => any>((refs) => this.#first(refs).n, ({ p }) => db.multiply(p.n, 2), (refs) => this.#first(refs).m)
    if (keys.length > 0) query = query.groupBy((refs: Refs) => keys.map((key) => keyOf(refs, key)))
    const wrapped = choose.upTo(3)
    query = query.select((refs: Refs) => ({
      ...Object.fromEntries(keys.map((key) => [`by_${key}`, keyOf(refs, key)])),
      count: db.count(refs['p'].id),
      sum: db.sum(sumOf(refs)),
      avg: db.avg(refs['p'].m),
      least: db.min(this.#first(refs).n),
      most: db.max(this.#first(refs).id),
      ...(wrapped === 1 && { twice: db.multiply(db.count(refs['p'].n), 2) }),
      ...(wrapped === 2 && { inner: { count: db.count(refs['p'].s) } }),
      ...(wrapped === 3 && { kind: db.caseWhen(db.gt(db.count(refs['p'].id), 1), 'many', 'one') }),
    }))
    const having = choose.of('none', 'none', 'count', 'selected')
    if (having === 'count') query = query.having((refs: Refs) => db.gt(db.count(refs['p'].id), 1))
    if (having === 'selected') query = query.having(({ $selected }: Refs) => db.or(db.gt($selected.sum, 0), db.eq($selected.most, '2')))
    if (choose.is(4)) return query
    query = query.orderBy(({ $selected }: Refs) => choose.of($selected.count, $selected.sum, $selected.least), choose.of('asc', 'desc'))
    // TanStack DB has no order of rows that tie where keys of rows are no strings or numbers.
    for (const key of keys) query = query.orderBy(({ $selected }: Refs) => $selected[`by_${key}`])
    return this.#window(query)
  }

  #includes({ p }: Refs): Record<string, any> {
    const choose = this.#choose
    const child = (): any => {
      let query: any = new Query().from({ k: this.#sources[choose.of(...NAMES)]! }).where(({ k }: Refs) => db.eq(k.ref, p.id))
      if (choose.is(3)) query = query.where(({ k }: Refs) => db.gt(k.n, p.n))
      if (choose.is(2)) query = query.orderBy(({ k }: Refs) => k.n, choose.of('asc', 'desc')).orderBy(({ k }: Refs) => k.id)
      return query
    }
    const kind = choose.of('collection', 'array', 'nested', 'scalar', 'one', 'cases')
    switch (kind) {
      case 'collection':
        return { id: p.id, children: child() }
      case 'array':
        return { id: p.id, n: p.n, children: db.toArray(child().select(({ k }: Refs) => ({ id: k.id, s: k.s }))) }
      case 'nested': {
        const grand = new Query().from({ g: this.#sources['c']! })
        return { id: p.id, children: db.toArray(child().select(({ k }: Refs) => ({ id: k.id, grand: db.toArray(grand.where(({ g }: Refs) => db.eq(g['ref'], k.id)).select(({ g }: Refs) => ({ id: g['id'], n: g['n'] }))) }))) }
      }
      case 'scalar':
        return { id: p.id, ids: db.toArray(child().select(({ k }: Refs) => k.id)), text: db.concat(db.toArray(child().select(({ k }: Refs) => k.id)) as never) }
      case 'one':
        return { id: p.id, child: db.materialize(child().orderBy(({ k }: Refs) => k.id).findOne()) }
      case 'cases':
        return { id: p.id, children: db.caseWhen(db.gt(p.n, 0), db.toArray(child()) as never) }
    }
  }

  #fields(refs: Refs): Record<string, any> {
    const choose = this.#choose
    const one = this.#ref(refs)
    switch (choose.of('few', 'spread', 'nested', 'cases', 'computed')) {
      case 'few':
        return { id: one.id, n: refs['p'].n, v: one.deep.v }
      case 'spread':
        return { ...refs['p'], extra: this.#number(refs) }
      case 'nested':
        return { id: one.id, inner: { s: this.#text(refs), more: { at: one.at } } }
      case 'cases':
        return { id: one.id, kind: db.caseWhen(this.#condition(refs), { yes: one.n }, { no: one.m }) as never }
      case 'computed':
        return { list: [one.n, one.m], number: this.#number(refs), text: this.#text(refs), is: this.#condition(refs), constant: choose.of<unknown>(1, 'one', null, true) }
    }
  }

  #end(query: any, isFlat: boolean): any {
    const choose = this.#choose
    if (choose.is(6)) return query.findOne()
    if (choose.is(2)) return query
    // What is distinct, or comes from a union, can be ordered by its own fields only.
    const term = (refs: Refs): any => (choose.of('n', 's') === 'n' ? this.#ref(refs).n : this.#text(refs))
    query = query.orderBy(isFlat ? (refs: Refs) => this.#flat(refs) : term, { direction: choose.of('asc', 'desc'), nulls: choose.of('first', 'last'), ...(choose.is(3) && { stringSort: 'lexical' as const }) })
    if (choose.is(3) && !isFlat) query = query.orderBy((refs: Refs) => refs['p'].m, 'desc')
    return this.#window(query)
  }

  #flat(refs: Refs): any {
    return refs['$selected']?.n ?? refs['p']?.n ?? refs['n']
  }

  #window(query: any): any {
    const choose = this.#choose
    if (!choose.is(2)) return query
    const limited = query.limit(choose.of(3, 2, 1, 4, 0))
    return choose.is(2) ? limited.offset(choose.upTo(2)) : limited
  }

  #first(refs: Refs): any {
    return refs['j1'] ?? refs['p']
  }

  #ref(refs: Refs): any {
    const names = Object.keys(refs).filter((name) => !name.startsWith('$') && !name.startsWith('__'))
    return refs[this.#choose.of(...names)]
  }

  #number(refs: Refs): any {
    const choose = this.#choose
    const [one, other] = [this.#ref(refs).n, this.#ref(refs).m]
    return choose.of<() => any>(() => one, () => db.add(one, other), () => db.subtract(one, 1), () => db.multiply(one, other), () => db.divide(one, other), () => db.length(this.#ref(refs).s), () => db.coalesce(one, other, 7))()
  }

  #text(refs: Refs): any {
    const { s, t } = this.#ref(refs)
    return this.#choose.of<() => any>(() => s, () => db.upper(s), () => db.lower(t), () => db.concat(s, '-', t), () => db.coalesce(s, t, 'none'))()
  }

  #condition(refs: Refs, levels = 2): any {
    const choose = this.#choose
    const one = this.#ref(refs)
    const alternatives: ReadonlyArray<() => any> = [
      () => db.gt(one.n, 0),
      () => db.eq(one.n, choose.upTo(3)),
      () => db.gte(this.#number(refs), 1),
      () => db.lt(one.n, one.m),
      () => db.lte(one.at, new Date(3)),
      () => db.eq(one.s, choose.of('x', 'X')),
      () => db.inArray(one.s, ['x', 'y', null]),
      () => db.like(one.s, 'x%'),
      () => db.ilike(one.t, '%X%'),
      () => db.isNull(one.n),
      () => db.isUndefined(one.s),
      () => db.eq(one.flag, true),
      () => db.not(db.eq(one.ref, '1')),
      () => (levels === 0 ? db.eq(one.id, '1') : db.and(this.#condition(refs, levels - 1), this.#condition(refs, levels - 1))),
      () => (levels === 0 ? db.eq(one.id, '2') : db.or(this.#condition(refs, levels - 1), this.#condition(refs, levels - 1))),
    ]
    return choose.of(...alternatives)()
  }
}
