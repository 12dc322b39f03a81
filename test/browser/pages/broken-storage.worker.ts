import 'sidestream/worker'
import { breakStorage, type BrokenStorage } from './broken-storage.ts'

breakStorage((globalThis as unknown as { name: BrokenStorage }).name)
