export * from '../../src/worker/index.ts'
