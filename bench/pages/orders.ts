import { count, eq, max, sum, type Collection, type InitialQueryBuilder } from '@tanstack/db'

/** `orderAt` and `customerAt` in server/orders.mjs make them. */
export interface Order {
  readonly id: string
  readonly customer: string
  readonly status: string
  readonly pieces: number
  readonly amount: number
  /** When it was written, ms since the epoch. */
  readonly at: number
}

export interface Customer {
  readonly id: string
  readonly name: string
  readonly region: string
}

/** A schema that refuses nothing: neither side checks the rows that it reads. */
const unchecked = <T>() => ({ '~standard': { version: 1 as const, vendor: 'bench', validate: (value: unknown) => ({ value: value as T }), types: undefined as unknown as { readonly input: T; readonly output: T } } })

/** The collections of both sides, without their sync mode. */
export const orders = { schema: unchecked<Order>(), type: 'order', primaryKey: 'id' } as const
export const customers = { schema: unchecked<Customer>(), type: 'customer', primaryKey: 'id' } as const

export interface Sources {
  readonly orders: Collection<Order, string>
  readonly customers: Collection<Customer, string>
}

/** The orders of each customer: as many groups as there are customers. */
export const ordersOfCustomers = (q: InitialQueryBuilder, sources: Sources) =>
  q
    .from({ order: sources.orders })
    .innerJoin({ customer: sources.customers }, ({ order, customer }) => eq(order.customer, customer.id))
    .groupBy(({ customer }) => [customer.id, customer.name])
    .select(({ order, customer }) => ({
      customer: customer.id,
      name: customer.name,
      orders: count(order.id),
      pieces: sum(order.pieces),
      amount: sum(order.amount),
      newest: max(order.at),
    }))

export interface CustomerOrders {
  readonly customer: string
  readonly orders: number
  readonly newest: number
}
