// The control channel between two peers: JSON messages tagged by "type", each with a running number `seq` from 0.
// After opening, each side sends `hello` and nothing else until the other's `hello` came; then its whole `catalog`, a
// `bitfield` per listed file, and a new catalog whenever the list changes. `have`, `request`, `cancel` and `reject` name
// pieces; a request is idempotent. `annotation` carries a file's annotation (annotations.ts). Parsed once, here, with caps; an unknown type is an error. Times are local ms.

import * as v from "valibot";
import { type FileId, isFileId } from "../../lib/index.ts";
import {
  CTL_CHAR_BURST,
  CTL_CHARS_PER_SEC,
  CTL_MESSAGE_BURST,
  CTL_MESSAGES_PER_SEC,
  MAX_CLOCK_ID_CHARS,
  MAX_CTL_CHARS,
  MAX_CTL_HELD_BACK,
  MAX_FILE_BYTES,
  MAX_LISTED_FILES,
  MAX_PIECES_PER_MESSAGE,
  MAX_WIRE_NAME_CHARS,
} from "../../protocol/constants/transfer.gen.ts";
import { MAX_ANNOTATION_CHARS } from "./annotation-limits.ts";

const fileId = v.custom<FileId>((value) => typeof value === "string" && isFileId(value));
const wholeNumber = (max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(max));
const piece = wholeNumber(MAX_FILE_BYTES);
const pieces = v.pipe(v.array(piece), v.maxLength(MAX_PIECES_PER_MESSAGE));
const base64url = (maxChars: number) =>
  v.pipe(v.string(), v.maxLength(maxChars), v.regex(/^[A-Za-z0-9_-]*$/));

const listedFile = v.object({
  slot: wholeNumber(0xffff),
  fileId,
  name: v.pipe(v.string(), v.maxLength(MAX_WIRE_NAME_CHARS)),
  sizeBytes: wholeNumber(Number.MAX_SAFE_INTEGER),
  pieceLength: wholeNumber(Number.MAX_SAFE_INTEGER),
  isOwn: v.boolean(),
  /** It holds all of it, whatever its bitfield shows so far (seeding.ts). */
  isWhole: v.boolean(),
});

const ctlSchema = v.variant("type", [
  v.object({
    type: v.literal("hello"),
    v: wholeNumber(0xffff),
    /** That the sender is a member and sees the same DTLS fingerprints (Swarm.proveLink). */
    proof: v.pipe(
      base64url(86),
      v.check((text) => text.length % 4 !== 1),
    ),
  }),
  v.object({ type: v.literal("catalog"), files: v.pipe(v.array(listedFile), v.maxLength(MAX_LISTED_FILES)) }),
  v.object({ type: v.literal("manifest-request"), fileId }),
  v.object({
    type: v.literal("manifest"),
    fileId,
    sizeBytes: wholeNumber(MAX_FILE_BYTES),
    sha256: base64url(44_000),
  }),
  v.object({ type: v.literal("annotation"), fileId, annotation: base64url(MAX_ANNOTATION_CHARS) }),
  v.object({ type: v.literal("bitfield"), fileId, pieces: base64url(256) }),
  v.object({ type: v.literal("have"), fileId, pieces }),
  v.object({ type: v.literal("request"), fileId, pieces }),
  v.object({ type: v.literal("cancel"), fileId, pieces }),
  v.object({ type: v.literal("reject"), fileId, pieces }),
  v.object({ type: v.literal("ping"), id: wholeNumber(0xffffffff) }),
  v.object({
    type: v.literal("pong"),
    id: wholeNumber(0xffffffff),
    /** The answerer's global time, which it has from the server (clock/peer-comparison.ts); absent while it knows none. */
    time: v.optional(
      v.object({
        clockId: v.pipe(v.string(), v.maxLength(MAX_CLOCK_ID_CHARS)),
        globalUs: v.pipe(v.number(), v.safeInteger()),
      }),
    ),
  }),
  v.object({ type: v.literal("bye"), reason: v.pipe(v.string(), v.maxLength(64)) }),
]);
const numberedSchema = v.object({ seq: wholeNumber(0xffffffff), message: ctlSchema });

export type CtlMessage = v.InferOutput<typeof ctlSchema>;
/** A neighbour's global time, as it has it from the server. */
export type PeerTime = NonNullable<Extract<CtlMessage, { type: "pong" }>["time"]>;
export type ListedFile = v.InferOutput<typeof listedFile>;

/** Why a peer's connection is ended by this side. Stable: shown in diagnostics. */
export type DropReason =
  | "flood"
  | "malformed"
  | "too-large"
  | "version"
  | "before-hello"
  | "no-hello"
  | "silent"
  | "unrequested"
  | "contradiction";

export function encodeCtl(message: CtlMessage, seq: number): string {
  return JSON.stringify({ seq, message });
}

/** One peer's incoming control messages: size, rate, form and order are judged here, before anything acts on them. */
export class CtlInbox {
  #nextSeq = 0;
  readonly #heldBack = new Map<number, CtlMessage>();
  #messageTokens = CTL_MESSAGE_BURST;
  #charTokens = CTL_CHAR_BURST;
  #refilledLocalMs: number | null = null;

  /** Returns the messages that are now due, in order, or why this peer must go. */
  take(data: unknown, localMs: number): readonly CtlMessage[] | DropReason {
    if (typeof data !== "string") return "malformed";
    if (data.length > MAX_CTL_CHARS) return "too-large";
    if (!this.#allow(data.length, localMs)) return "flood";
    const parsed = v.safeParse(numberedSchema, parseJson(data));
    if (!parsed.success) return "malformed";
    const { seq, message } = parsed.output;
    if (seq < this.#nextSeq || seq >= this.#nextSeq + MAX_CTL_HELD_BACK || this.#heldBack.has(seq))
      return "malformed";
    this.#heldBack.set(seq, message);
    return this.#due();
  }

  #due(): CtlMessage[] {
    const due: CtlMessage[] = [];
    for (;;) {
      const message = this.#heldBack.get(this.#nextSeq);
      if (!message) return due;
      this.#heldBack.delete(this.#nextSeq++);
      due.push(message);
    }
  }

  #allow(chars: number, localMs: number): boolean {
    const elapsedSec = Math.max(0, localMs - (this.#refilledLocalMs ?? localMs)) / 1000;
    this.#refilledLocalMs = localMs;
    this.#messageTokens =
      Math.min(CTL_MESSAGE_BURST, this.#messageTokens + elapsedSec * CTL_MESSAGES_PER_SEC) - 1;
    this.#charTokens = Math.min(CTL_CHAR_BURST, this.#charTokens + elapsedSec * CTL_CHARS_PER_SEC) - chars;
    return this.#messageTokens >= 0 && this.#charTokens >= 0;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
