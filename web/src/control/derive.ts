// From the swarm key to all other keys (DESIGN §8). Slow on purpose, so it runs in a Worker (derive.worker.ts): a plain
// hash of the key would be an offline dictionary for whoever runs the server.

import { hkdf } from "@noble/hashes/hkdf.js";
import { scryptAsync } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type SwarmId, toHex, type UserId, utf8 } from "../lib/index.ts";
import { realPrimitives } from "./primitives.ts";

/** Everything that follows from the key and from this session's own seed. Secret, except ids and shard. */
export interface SwarmKeys {
  readonly swarmId: SwarmId;
  /** 4 hex digits in the control URL: where a load balancer sends this swarm. */
  readonly shard: string;
  readonly broadcastKey: Uint8Array;
  readonly pairKey: Uint8Array;
  readonly bindKey: Uint8Array;
  readonly admissionSeed: Uint8Array;
  /** Signs what this session says; made by this tab and known to nobody else. */
  readonly sessionSeed: Uint8Array;
  readonly userId: UserId;
  readonly sessionPublicKey: Uint8Array;
}

/** N = 2¹⁶, r = 8: 64 MiB and 0.1–0.4 s on a phone; about 11,000 guesses per second and GPU (research/p2p.md §3.4). */
const SCRYPT = { N: 2 ** 16, r: 8, p: 1, dkLen: 32 } as const;
/** The same on every server: one party may reach its server under several names. */
const SALT = utf8("unisono/v1");

/** `canonical` as key.ts gives it; `sessionSeed` = 32 random bytes of this tab. */
export async function deriveKeys(canonical: string, sessionSeed: Uint8Array): Promise<SwarmKeys> {
  const root = await scryptAsync(utf8(canonical), SALT, SCRYPT);
  const part = (name: string, lengthBytes: number) =>
    hkdf(sha256, root, undefined, utf8(`unisono/v1/${name}`), lengthBytes);
  const sessionPublicKey = realPrimitives.publicKeyOf(sessionSeed);
  return {
    swarmId: toHex(part("swarm-id", 16)) as SwarmId,
    shard: toHex(part("shard", 2)),
    broadcastKey: part("broadcast", 32),
    pairKey: part("pair", 32),
    bindKey: part("bind", 32),
    admissionSeed: part("admission", 32),
    sessionSeed,
    userId: realPrimitives.userIdOf(sessionPublicKey),
    sessionPublicKey,
  };
}
