// Files, peer to peer: who is linked, who has what, and every byte on its way. The door of transfer/.

export { pieceLengthOf } from "./core/manifest.ts";
export type { Needs } from "./core/needs.ts";
export type { PieceMap } from "./core/piece-map.ts";
export type { FileState, LinkState, SwarmEvent, Totals } from "./core/state.ts";
export { TokenBucket } from "./core/token-bucket.ts";
export type { NetworkHint } from "./net/network-hint.ts";
export { type Signal, signalSchema } from "./net/signal.ts";
export { openHasher } from "./store/hash.ts";
export { MEMORY_CAPACITY_BYTES, MemoryStore } from "./store/memory-store.ts";
export {
  type OpenedStore,
  type OpenStoreOptions,
  openBestStore,
  type StoreKind,
} from "./store/open-store.ts";
export type { FileLayout, PieceStore } from "./store/store.ts";
export { Swarm } from "./swarm.ts";
export type { Member, NamedBlob, SwarmOptions } from "./swarm-options.ts";
