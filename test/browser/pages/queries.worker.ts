import { exposeStreamDB } from 'sidestream/worker-with-queries'
import { namedQueries, querySchema } from '../../support/query-schema.ts'
exposeStreamDB({ state: querySchema, queries: namedQueries })
