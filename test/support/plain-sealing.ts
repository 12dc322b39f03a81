import type { Sealing, SealingKey } from '../../src/worker/ports.ts'

/** Sealing without cryptography, for simulations: a sealed text cannot be read as text, and only its key opens it. */
export class PlainSealing implements Sealing {
  #keys = 0

  newKey(): Promise<SealingKey> {
    this.#keys += 1
    const own = this.#keys % 255
    return Promise.resolve({
      publicKey: new Uint8Array([own]),
      open: ([key, ...sealed]: Uint8Array) => (key === own ? Promise.resolve(new TextDecoder().decode(veiled(new Uint8Array(sealed)))) : Promise.reject(new Error('sealed to another key'))),
    })
  }

  seal([key]: Uint8Array, text: string): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array([key!, ...veiled(new TextEncoder().encode(text))]))
  }
}

const veiled = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x80)
