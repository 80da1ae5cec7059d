// Branded identifiers: plain strings on the wire, distinct types in the code. All are lower-case hex.

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** First 16 bytes of SHA-256 of a session's public key: 32 hex digits. Names one browser tab in a swarm. */
export type UserId = Branded<"UserId">;
/** 16 bytes derived from the stretched swarm key: 32 hex digits. The only name the server knows a swarm by. */
export type SwarmId = Branded<"SwarmId">;
/** SHA-256 of a file's canonical manifest: 64 hex digits. */
export type FileId = Branded<"FileId">;
/** 8 random bytes: 16 hex digits. Names an entry of the queue, and the request that put it there. */
export type EntryId = Branded<"EntryId">;

const HEX_16_BYTES = /^[0-9a-f]{32}$/;
const HEX_32_BYTES = /^[0-9a-f]{64}$/;

export const isUserId = (text: string): text is UserId => HEX_16_BYTES.test(text);
export const isFileId = (text: string): text is FileId => HEX_32_BYTES.test(text);
