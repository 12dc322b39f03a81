export * from '../../src/worker/with-queries.ts'
