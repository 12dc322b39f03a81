/** `crypto.randomUUID` is missing outside of secure contexts; `getRandomValues` is not. */
export function newId(): string {
  const { randomUUID } = crypto as Partial<Crypto>
  return randomUUID ? randomUUID.call(crypto) : [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('')
}
