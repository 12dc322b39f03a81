/** A query as data. A placeholder until the query runner is here. */
export interface QueryData {
  readonly from: unknown
}
