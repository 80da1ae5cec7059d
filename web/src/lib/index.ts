// What all others stand on: time, randomness, identifiers, bytes, errors. Knows nothing of Unisono's protocol.

export * from "./bytes.ts";
export * from "./clock.ts";
export * from "./errors.ts";
export * from "./ids.ts";
export * from "./json.ts";
export * from "./random.ts";
export * from "./remember.ts";
export * from "./safe-text.ts";
export * from "./sha256.ts";
export * from "./storage.ts";
export * from "./within.ts";
