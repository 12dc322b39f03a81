export * from '../../src/shared/index.ts'
