import { expectTypeOf, test } from 'vitest'
import * as ours from '../../src/main/index.ts'
import { diagnose, sidestreamDevtools, type DevtoolsDB, type Diagnostics } from '../../src/devtools/index.ts'
import { namedQueries, querySchema } from '../support/query-schema.ts'
import { schema } from '../support/schema.ts'

/** `TanStackDevtoolsPlugin` of @tanstack/devtools 0.15.0. */
interface TanStackDevtoolsPlugin {
  name: string | ((el: HTMLHeadingElement, props: { theme: 'light' | 'dark'; devtoolsOpen: boolean }) => void)
  id?: string
  defaultOpen?: boolean
  render: (el: HTMLDivElement, props: { theme: 'light' | 'dark'; devtoolsOpen: boolean }) => void
  destroy?: (pluginId: string) => void
}

test('the panel is a plugin of TanStack Devtools', () => {
  expectTypeOf(sidestreamDevtools).returns.toExtend<TanStackDevtoolsPlugin>()
})

test('it shows any StreamDB', () => {
  const plain = ours.createStreamDB({ streamOptions: { url: '/s' }, state: schema })
  const querying = ours.createStreamDB({ streamOptions: { url: '/s' }, state: querySchema, queries: namedQueries })
  expectTypeOf(plain).toExtend<DevtoolsDB>()
  sidestreamDevtools([plain, querying])
  document.createElement('sidestream-devtools').db = querying
  expectTypeOf(diagnose([plain])).toEqualTypeOf<Promise<Diagnostics>>()
})
