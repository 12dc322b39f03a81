import { readFileSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** A file that needs a process of its own says so in its first line: options that no other file has. */
const needsOwnProcess = ({ moduleId }: TestSpecification): boolean => readFileSync(moduleId, 'utf8').startsWith('// @vitest-environment')

/**
 * Files that share loaded modules come one after the other: a process takes the next file only when it is of the same project and has the
 * same environment. The files that need a process of their own come first, because the long ones are among them.
 */
export class TestOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const projects = [...new Set(files.map(({ project }) => project.name))].sort()
    const rank = new Map(files.map((file) => [file, needsOwnProcess(file) ? -1 : projects.indexOf(file.project.name)]))
    return sorted.sort((a, b) => rank.get(a)! - rank.get(b)!)
  }
}
