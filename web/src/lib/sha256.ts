// SHA-256 by the browser where it offers it, else in JavaScript: crypto.subtle does not exist on http:// LAN addresses.

import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "./bytes.ts";

/** To a Worker that hashes: the buffer is transferred, and comes back with its hash. */
export interface HashRequest {
  readonly id: number;
  readonly buffer: ArrayBuffer;
}

export interface HashReply extends HashRequest {
  readonly hash: Uint8Array;
}

export async function sha256Of(bytes: Bytes): Promise<Uint8Array> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  return subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : sha256(bytes);
}
