// The control channel between two peers: JSON messages tagged by "type", each with a running number `seq` from 0.
// After opening, each side sends `hello` and nothing else until the other's `hello` came; then its whole `catalog`, a
// `bitfield` per listed file, and a new catalog whenever the list changes. `have`, `request`, `cancel` and `reject` name
// pieces; a request is idempotent. `annotation` carries a file's annotation (annotations.ts). Parsed once, here; the shapes and
// their caps are written from src/unisono/peer/ctl.py, for both languages. An unknown type is an error. Times are local ms.

import * as v from "valibot";
import { parseJson } from "../../lib/index.ts";
import {
  CTL_CHAR_BURST,
  CTL_CHARS_PER_SEC,
  CTL_MESSAGE_BURST,
  CTL_MESSAGES_PER_SEC,
  MAX_CTL_CHARS,
  MAX_CTL_HELD_BACK,
} from "../../protocol/constants/transfer.gen.ts";
import { type CtlMessage, numberedCtlSchema } from "../../protocol/ctl.gen.ts";

export type { CtlMessage, ListedFile, PeerTime } from "../../protocol/ctl.gen.ts";

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
    const parsed = v.safeParse(numberedCtlSchema, parsedOrNothing(data));
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

function parsedOrNothing(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
