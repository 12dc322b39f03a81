import { OrderWriter } from './order-writer.mjs'
import { Writer } from './writer.mjs'

const WRITERS = { rows: Writer, orders: OrderWriter }

/** What writes to a stream: of `rows` (rows.mjs), or of `orders` and their customers (orders.mjs). */
export const writerOf = (stream, url, rows) => new WRITERS[stream](url, rows)
