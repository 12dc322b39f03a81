import type { BackoffOptions } from '@durable-streams/client'
import { expectTypeOf, test } from 'vitest'
import type { CacheSettings, CreateStreamDBOptions, StreamOptions } from 'sidestream'
import type { BACKOFF_OPTIONS, CACHE_OPTIONS, OPTIONS, STREAM_OPTIONS } from '../../src/main/check-options.ts'

test('the table of options has each key of their types, and no other', () => {
  expectTypeOf<keyof typeof OPTIONS>().toEqualTypeOf<keyof CreateStreamDBOptions>()
  expectTypeOf<keyof typeof STREAM_OPTIONS>().toEqualTypeOf<keyof StreamOptions>()
  expectTypeOf<keyof typeof CACHE_OPTIONS>().toEqualTypeOf<keyof CacheSettings>()
  expectTypeOf<keyof typeof BACKOFF_OPTIONS>().toEqualTypeOf<keyof BackoffOptions>()
  expectTypeOf<keyof NonNullable<StreamOptions['backoffOptions']>>().toExtend<keyof typeof BACKOFF_OPTIONS>()
})
