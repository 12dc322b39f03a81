import type { Sealing } from '../ports.ts'

const CURVE: EcKeyGenParams = { name: 'ECDH', namedCurve: 'P-256' }
/** Length of an uncompressed public key of that curve, bytes. */
const KEY_LENGTH = 65
const IV_LENGTH = 12

/**
 * Sealing by Web Crypto: a fresh key pair for each message, ECDH with the receiver's key, AES-GCM with the derived key. A sealed
 * message is the sender's public key, the IV, and the cipher text. Web Crypto and Web Locks both need a secure context; without
 * Web Locks no worker follows another.
 */
export const webSealing: Sealing = {
  newKey: async () => {
    const { publicKey, privateKey } = await crypto.subtle.generateKey(CURVE, false, ['deriveKey'])
    return {
      publicKey: await exported(publicKey),
      open: async (sealed) => {
        const key = await agree(privateKey, sealed.slice(0, KEY_LENGTH), 'decrypt')
        const iv = sealed.slice(KEY_LENGTH, KEY_LENGTH + IV_LENGTH)
        return new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, sealed.slice(KEY_LENGTH + IV_LENGTH)))
      },
    }
  },
  seal: async (publicKey, text) => {
    const own = await crypto.subtle.generateKey(CURVE, false, ['deriveKey'])
    const key = await agree(own.privateKey, publicKey, 'encrypt')
    const iv = crypto.getRandomValues(new Uint8Array(IV_LENGTH))
    const cipher = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new TextEncoder().encode(text)))
    return new Uint8Array([...(await exported(own.publicKey)), ...iv, ...cipher])
  },
}

const exported = async (key: CryptoKey): Promise<Uint8Array> => new Uint8Array(await crypto.subtle.exportKey('raw', key))

async function agree(own: CryptoKey, theirs: Uint8Array, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  const imported = await crypto.subtle.importKey('raw', new Uint8Array(theirs), CURVE, false, [])
  return crypto.subtle.deriveKey({ name: 'ECDH', public: imported }, own, { name: 'AES-GCM', length: 256 }, false, [use])
}
