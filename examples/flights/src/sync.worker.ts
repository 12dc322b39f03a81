import { exposeStreamDB } from 'sidestream/worker'
import { schema } from './schema.ts'

exposeStreamDB({ state: schema })
