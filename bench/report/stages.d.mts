export interface Frame {
  readonly functionName: string
  readonly url?: string
  readonly lineNumber?: number
}

export function stageOf(frames: readonly Frame[], sourceOf: (frame: Frame) => string | undefined): string
export function sumStages(
  samples: readonly { readonly frames: readonly Frame[]; readonly ms: number }[],
  sourceOf: (frame: Frame) => string | undefined,
): Readonly<Record<string, number>>
