export { createTestStreamDB, type TestEvents, type TestStream, type TestStreamDBOptions } from './create-test-stream-db.ts'
export type { TestFailure } from './engine.ts'
