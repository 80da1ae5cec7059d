// What peers say to each other through the relay, inside sealed envelopes: JSON, checked here, at the edge.
// `status` is about oneself and replaces what was said before; `beat` is the director's; `signal` sets up a data channel.

import * as v from "valibot";
import type { Beat } from "../director/index.ts";
import { type FileId, fromUtf8, isFileId, isUserId, type UserId, utf8, WireError } from "../lib/index.ts";
import { type Signal, signalSchema } from "../swarm/index.ts";

export interface PeerStatus {
  readonly name: string;
  readonly isVisible: boolean;
  /** The file this peer holds, has decoded and could play now. */
  readonly readyFileId: FileId | null;
  /** The chosen file is one this peer's browser cannot decode: nobody should wait for it. */
  readonly isUnable: boolean;
  readonly rttMs: number;
  readonly speakerDelayMs: number;
  /** How far ahead (+) or behind (−) of the plan its loudspeaker is; null while it is not playing. */
  readonly syncErrorMs: number | null;
  readonly isClicking: boolean;
}

export type PeerMessage =
  | { readonly kind: "status"; readonly status: PeerStatus }
  | { readonly kind: "beat"; readonly beat: Beat }
  | { readonly kind: "signal"; readonly signal: Signal };

export const MAX_NAME_CHARS = 40;
/** A term grows by one per succession; a billion of them is no party but an attack on the register. */
const MAX_TERM = 1_000_000_000;

const userId = v.custom<UserId>((value) => typeof value === "string" && isUserId(value));
const fileId = v.custom<FileId>((value) => typeof value === "string" && isFileId(value));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_TERM));
const globalUs = v.pipe(v.number(), v.finite(), v.minValue(-1e15), v.maxValue(1e15));
const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(-1e6), v.maxValue(1e6));

const schema = v.variant("kind", [
  v.object({
    kind: v.literal("status"),
    status: v.object({
      name: v.pipe(v.string(), v.maxLength(4 * MAX_NAME_CHARS), v.transform(cleanName)),
      isVisible: v.boolean(),
      readyFileId: v.nullable(fileId),
      isUnable: v.boolean(),
      rttMs: v.pipe(milliseconds, v.minValue(0)),
      speakerDelayMs: v.pipe(milliseconds, v.minValue(0), v.maxValue(2_000)),
      syncErrorMs: v.nullable(milliseconds),
      isClicking: v.boolean(),
    }),
  }),
  v.object({
    kind: v.literal("beat"),
    beat: v.object({
      record: v.object({ term: count, userId, resigned: v.boolean() }),
      plan: v.object({
        term: count,
        rev: count,
        clockId: v.pipe(v.string(), v.maxLength(64)),
        fileId: v.nullable(fileId),
        state: v.picklist(["stopped", "preparing", "playing"]),
        globalStartUs: globalUs,
        positionUs: v.pipe(globalUs, v.minValue(0)),
      }),
    }),
  }),
  v.object({ kind: v.literal("signal"), signal: signalSchema }),
]);

export const encodePeerMessage = (message: PeerMessage): Uint8Array => utf8(JSON.stringify(message));

/** Throws WireError `wire-malformed`. */
export function decodePeerMessage(content: Uint8Array): PeerMessage {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(content));
  } catch (cause) {
    throw new WireError("wire-malformed", "not JSON", { cause });
  }
  const result = v.safeParse(schema, value);
  if (!result.success) throw new WireError("wire-malformed", result.issues[0].message);
  return result.output;
}

/** A name as it may be shown: no control or direction-override characters, single spaces, at most 40 characters. */
export function cleanName(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "").replace(/\s+/g, " ");
  return Array.from(plain.trim()).slice(0, MAX_NAME_CHARS).join("");
}
