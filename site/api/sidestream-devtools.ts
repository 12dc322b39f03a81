export * from '../../src/devtools/index.ts'
