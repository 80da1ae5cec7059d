// SHA-256 by the browser where it offers it, else in JavaScript: crypto.subtle does not exist on http:// LAN addresses.

import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "./bytes.ts";

export async function sha256Of(bytes: Bytes): Promise<Uint8Array> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  return subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : plainSha256Of(bytes);
}

/** In JavaScript, wherever it runs. */
export function plainSha256Of(bytes: Bytes): Uint8Array {
  return sha256(bytes);
}
