// Files, peer to peer: who is linked, who has what, and every byte on its way. The door of the swarm module.

export { openHasher } from "./hash.ts";
export { MAX_FILE_BYTES } from "./manifest.ts";
export { MEMORY_CAPACITY_BYTES, MemoryStore } from "./memory-store.ts";
export { MAX_OWN_FILES } from "./neighbour.ts";
export type { NetworkHint } from "./network-hint.ts";
export { MAX_NOTE_BYTES } from "./notes.ts";
export { type OpenedStore, type OpenStoreOptions, openBestStore, type StoreKind } from "./open-store.ts";
export type { PieceMap } from "./piece-map.ts";
export { type Signal, signalSchema } from "./signal.ts";
export type { FileState, LinkState, SwarmEvent, Totals } from "./state.ts";
export type { FileLayout, PieceStore } from "./store.ts";
export { type Member, type NamedBlob, Swarm } from "./swarm.ts";
export type { SwarmOptions } from "./swarm-options.ts";
export { TokenBucket } from "./token-bucket.ts";
