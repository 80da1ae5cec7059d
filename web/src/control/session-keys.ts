// The keys of one session: what the swarm key decides, and what this tab's own seed adds. Quick, so it runs where it is needed.

import type { UserId } from "../lib/index.ts";
import type { StretchedKey } from "./derive.ts";
import { realPrimitives } from "./primitives.ts";

/** Secret, except what StretchedKey says and the last two. */
export interface SwarmKeys extends StretchedKey {
  /** Signs what this session says; made by this tab and known to nobody else. */
  readonly sessionSeed: Uint8Array;
  readonly userId: UserId;
  readonly sessionPublicKey: Uint8Array;
}

/** `sessionSeed` = 32 random bytes of this tab. */
export function keysOfSession(stretched: StretchedKey, sessionSeed: Uint8Array): SwarmKeys {
  const sessionPublicKey = realPrimitives.publicKeyOf(sessionSeed);
  return { ...stretched, sessionSeed, userId: realPrimitives.userIdOf(sessionPublicKey), sessionPublicKey };
}
