// The cryptography that joining and sealing stand on, by name, so that a simulation can stand on something cheaper. All of
// it is pure JavaScript: `crypto.subtle` does not exist on the plain http:// addresses of a LAN.

import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex, type UserId } from "../lib/index.ts";

/** An AEAD with a 24-byte nonce and a 16-byte tag; `decrypt` throws for what was not sealed so. */
export type Cipher = (
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
) => { encrypt(plain: Uint8Array): Uint8Array; decrypt(sealed: Uint8Array): Uint8Array };

export interface Primitives {
  readonly cipher: Cipher;
  /** 64 bytes. `seed`: 32 bytes. */
  sign(text: Uint8Array, seed: Uint8Array): Uint8Array;
  /** Never throws. */
  hasSigned(publicKey: Uint8Array, signature: Uint8Array, text: Uint8Array): boolean;
  publicKeyOf(seed: Uint8Array): Uint8Array;
  userIdOf(publicKey: Uint8Array): UserId;
  /** The public half of an agreement's 32-byte secret. */
  agreementKeyOf(secret: Uint8Array): Uint8Array;
  /** 32 bytes that both ends arrive at. Throws for a public key that would make them guessable. */
  agree(secret: Uint8Array, publicKey: Uint8Array): Uint8Array;
}

const USER_ID_BYTES = 16;
/** RFC 8032 to the letter, as the server's verifier; the default would also take other spellings of a key. */
const STRICT = { zip215: false };

export const realPrimitives: Primitives = {
  cipher: xchacha20poly1305,
  sign: (text, seed) => ed25519.sign(text, seed),
  hasSigned(publicKey, signature, text) {
    try {
      return ed25519.verify(signature, text, publicKey, STRICT);
    } catch {
      return false; // no point on the curve, or not 64 bytes
    }
  },
  publicKeyOf: (seed) => ed25519.getPublicKey(seed),
  userIdOf: (publicKey) => toHex(sha256(publicKey).subarray(0, USER_ID_BYTES)) as UserId,
  agreementKeyOf: (secret) => x25519.getPublicKey(secret),
  agree: (secret, publicKey) => x25519.getSharedSecret(secret, publicKey),
};
