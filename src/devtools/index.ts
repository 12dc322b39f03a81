export type { DevtoolsDB, DevtoolsDBs } from './devtools-db.ts'
export { diagnose, type Diagnostics } from './diagnostics.ts'
export { defineSidestreamDevtools, type SidestreamDevtoolsElement } from './element.ts'
export { sidestreamDevtools, type DevtoolsPlugin } from './plugin.ts'
