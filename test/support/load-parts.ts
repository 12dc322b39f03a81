/*
 * The code that a page loads at its first use is there before a test begins. Files that share a process share loaded modules: a load that
 * was still under way when a file ended has failed for all files after it.
 */
import '../../src/main/callbacks.ts'
import '../../src/main/inspecting.ts'
import '../../src/main/queries.ts'
import '../../src/main/results.ts'
import '../../src/main/writing.ts'
