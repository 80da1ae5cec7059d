// From the swarm key to all that it alone decides (docs/security.md). Slow on purpose, so it runs in a Worker
// (crypto.worker.ts): a plain hash of the key would be an offline dictionary for whoever runs the server. Knows no curve: those
// of the session are session-keys.ts, so that the Worker's script stays small.

import { hkdf } from "@noble/hashes/hkdf.js";
import { scryptAsync } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type SwarmId, toHex, utf8 } from "../lib/index.ts";

/** Everything that follows from the key. Secret, except id and shard. */
export interface StretchedKey {
  readonly swarmId: SwarmId;
  /** 4 hex digits in the control URL: where a load balancer sends this swarm. */
  readonly shard: string;
  readonly broadcastKey: Uint8Array;
  readonly pairKey: Uint8Array;
  readonly bindKey: Uint8Array;
  readonly admissionSeed: Uint8Array;
}

/** N = 2¹⁶, r = 8: 64 MiB and 0.1–0.4 s on a phone; about 11,000 guesses per second and GPU. */
const SCRYPT = { N: 2 ** 16, r: 8, p: 1, dkLen: 32 } as const;
/** The same on every server: one party may reach its server under several names. */
const SALT = utf8("unisono/v1");

/** `canonical` as key.ts gives it. */
export async function stretchKey(canonical: string): Promise<StretchedKey> {
  const root = await scryptAsync(utf8(canonical), SALT, SCRYPT);
  const part = (name: string, lengthBytes: number) =>
    hkdf(sha256, root, undefined, utf8(`unisono/v1/${name}`), lengthBytes);
  return {
    swarmId: toHex(part("swarm-id", 16)) as SwarmId,
    shard: toHex(part("shard", 2)),
    broadcastKey: part("broadcast", 32),
    pairKey: part("pair", 32),
    bindKey: part("bind", 32),
    admissionSeed: part("admission", 32),
  };
}
