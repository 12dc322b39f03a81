import { exposeStreamDB } from 'sidestream/worker'
import { schema } from '../../support/schema.ts'
exposeStreamDB({ state: schema })
