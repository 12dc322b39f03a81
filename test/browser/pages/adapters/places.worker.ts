import { exposeStreamDB } from 'sidestream/worker-with-queries'
import { queries } from './places-queries.ts'
import { schema } from './places-schema.ts'

exposeStreamDB({ state: schema, queries })
