import type { Write } from '../../shared/write.ts'

/** 32 bits that stand for what a write changes: FNV-1a of its mutations as JSON. They detect mix-ups, not attacks. */
export function writeDigest({ mutations }: Pick<Write, 'mutations'>): number {
  const text = JSON.stringify(mutations)
  let digest = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) digest = Math.imul(digest ^ text.charCodeAt(index), 0x01000193)
  return digest >>> 0
}
