export function writeNotices(root: string, inputs: ReadonlyArray<string>, target: string): Promise<void>
