// The way to the server and, sealed, through it: keys, envelopes, and a WebSocket that comes back.

export type { IceServer } from "../protocol/control.gen.ts";
export { ControlLink, type ControlState, type Refusal } from "./control-link.ts";
export { MAX_CONTENT_BYTES, Sealer, SMALL_BROADCAST_BYTES, SMALL_PAIRWISE_BYTES } from "./envelope.ts";
export { makeJoin } from "./join.ts";
export { canonicalKey, extractKey, formatKey, generateKey, isLikelyMistyped, isWeakKey } from "./key.ts";
export { KeyStretcher } from "./key-stretcher.ts";
export { type Cipher, type Primitives, realPrimitives } from "./primitives.ts";
export type { CheckedServerMessage, Member } from "./server-message.ts";
export { keysOfSession, type SwarmKeys } from "./session-keys.ts";
