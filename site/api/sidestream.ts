export * from '../../src/main/index.ts'
