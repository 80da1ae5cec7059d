// The `join` that answers a server's challenge: proofs that this peer knows the swarm key, which the server does not, and
// that the user id is its own. The texts are those of src/unisono/admission.py; vectors/join.json pins both.

import { concatBytes, fromBase64Url, fromHex, toBase64Url, utf8 } from "../lib/index.ts";
import { type ClientMessage, PROTOCOL_VERSION } from "../protocol/control.gen.ts";
import type { Primitives } from "./primitives.ts";
import type { SwarmKeys } from "./session-keys.ts";

export type JoinMessage = Extract<ClientMessage, { type: "join" }>;

const ADMISSION_LABEL = utf8("unisono/v2/admission\0");
const SEAT_LABEL = utf8("unisono/v2/seat\0");

/** `nonce` as the server sent it: checked to be base64url. */
export function makeJoin(
  keys: SwarmKeys,
  announcement: string,
  nonce: string,
  primitives: Primitives,
): JoinMessage {
  const { swarmId, userId, sessionSeed, sessionPublicKey, admissionSeed } = keys;
  const rest = concatBytes(fromBase64Url(nonce), fromHex(swarmId), fromHex(userId), utf8(announcement));
  const proof = (label: Uint8Array, seed: Uint8Array): string =>
    toBase64Url(primitives.sign(concatBytes(label, rest), seed));
  return {
    type: "join",
    v: PROTOCOL_VERSION,
    swarmId,
    userId,
    sessionKey: toBase64Url(sessionPublicKey),
    announcement,
    admissionKey: toBase64Url(primitives.publicKeyOf(admissionSeed)),
    admissionProof: proof(ADMISSION_LABEL, admissionSeed),
    sessionProof: proof(SEAT_LABEL, sessionSeed),
  };
}
