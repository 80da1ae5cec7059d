// What a page load tells the others of itself, through the server and before anything is sealed: which load of this session
// it is, and the key for agreeing on pairwise keys with it. Signed by the session, so that neither the server nor another
// member can put its own key there.
//
//   byte 0       version (2)
//   bytes 1–8    epoch, big-endian: grows with every page load of a session; an older load's words are not heard any more
//   bytes 9–40   X25519 public key, made anew with every page load
//   bytes 41–104 Ed25519 signature of "unisono/v2/announcement" · 0 · swarm id · bytes 0–40, by the session key

import {
  concatBytes,
  fromBase64Url,
  fromHex,
  type SwarmId,
  toBase64Url,
  utf8,
  WireError,
} from "../lib/index.ts";
import type { Primitives } from "./primitives.ts";

export interface Announcement {
  readonly epoch: number;
  readonly agreementKey: Uint8Array;
  readonly signature: Uint8Array;
}

const VERSION = 2;
const SIGNED_BYTES = 41;
const WHOLE_BYTES = SIGNED_BYTES + 64;
const LABEL = utf8("unisono/v2/announcement\0");

/** As it goes into `join`. */
export function makeAnnouncement(
  swarmId: SwarmId,
  epoch: number,
  agreementKey: Uint8Array,
  sessionSeed: Uint8Array,
  primitives: Primitives,
): string {
  const head = headOf(epoch, agreementKey);
  return toBase64Url(concatBytes(head, primitives.sign(textOf(swarmId, head), sessionSeed)));
}

/** Throws WireError `wire-malformed`. The signature is checked by `isGenuine`, which costs a millisecond or more. */
export function parseAnnouncement(encoded: string): Announcement {
  let bytes: Uint8Array;
  try {
    bytes = fromBase64Url(encoded);
  } catch (cause) {
    throw new WireError("wire-malformed", "announcement", { cause });
  }
  if (bytes.length !== WHOLE_BYTES || bytes[0] !== VERSION)
    throw new WireError("wire-malformed", "announcement");
  const epoch = Number(new DataView(bytes.buffer).getBigUint64(1));
  if (!Number.isSafeInteger(epoch)) throw new WireError("wire-malformed", "announcement epoch");
  return { epoch, agreementKey: bytes.subarray(9, SIGNED_BYTES), signature: bytes.subarray(SIGNED_BYTES) };
}

export function isGenuine(
  swarmId: SwarmId,
  announcement: Announcement,
  sessionKey: Uint8Array,
  primitives: Primitives,
): boolean {
  const text = textOf(swarmId, headOf(announcement.epoch, announcement.agreementKey));
  return primitives.hasSigned(sessionKey, announcement.signature, text);
}

export function epochBytes(epoch: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(epoch));
  return bytes;
}

const headOf = (epoch: number, agreementKey: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(VERSION), epochBytes(epoch), agreementKey);

const textOf = (swarmId: SwarmId, head: Uint8Array): Uint8Array => concatBytes(LABEL, fromHex(swarmId), head);
