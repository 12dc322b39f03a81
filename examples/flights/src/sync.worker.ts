import { exposeStreamDB } from 'sidestream/worker-with-queries'
import { queries } from './queries.ts'
import { schema } from './schema.ts'

exposeStreamDB({ state: schema, queries })
