// Files, peer to peer: who is linked, who has what, and every byte on its way. The door of transfer/.

export type { BulkHome } from "./bulk/messages.ts";
export { openBulkHome, prepareBulkHome } from "./bulk/open-home.ts";
export { pieceLengthOf } from "./core/manifest.ts";
export type { Needs } from "./core/needs.ts";
export type { PieceMap } from "./core/piece-map.ts";
export type { FileState, LinkState, SwarmEvent, Totals } from "./core/state.ts";
export { TokenBucket } from "./core/token-bucket.ts";
export type { NetworkHint } from "./net/network-hint.ts";
export { type Signal, signalSchema } from "./net/signal.ts";
export { Swarm } from "./swarm.ts";
export type { Member, NamedBlob, SwarmOptions } from "./swarm-options.ts";
