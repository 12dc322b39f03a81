/*
 * The application's TanStack DB. Its worker file imports the operators of named queries from there, and they fit its own builder only. The build
 * leaves this import to the application's bundler; the query engine is TanStack DB of the version that was tested, and is in the bundle.
 */
export { createCollection, Query } from '@tanstack/db'
