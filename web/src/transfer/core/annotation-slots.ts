// The byte strings that travel beside a file's manifest (annotations.ts): which there are, how large each may be, how often it
// may come, and what one neighbour is known to have of them.

import type { Bytes, FileId } from "../../lib/index.ts";
import { MAX_ANNOTATION_BYTES, MAX_INDEX_BYTES } from "../../protocol/constants/transfer.gen.ts";
import { TokenBucket } from "./token-bucket.ts";

/** `annotation`: what aligns decodes of the file; `index`: which of its bytes hold which sound. Opaque here, both. */
export type SlotName = "annotation" | "index";

export interface AnnotationSlot {
  readonly name: SlotName;
  readonly maxBytes: number;
  /** What a newcomer is told at once (a few files and their rivals) … */
  readonly burst: number;
  /** … and then what still leaves the channel, and the characters that a receiver allows a second, to others. */
  readonly perSec: number;
}

export const ANNOTATION_SLOTS: Readonly<Record<SlotName, AnnotationSlot>> = {
  annotation: { name: "annotation", maxBytes: MAX_ANNOTATION_BYTES, burst: 8, perSec: 4 },
  index: { name: "index", maxBytes: MAX_INDEX_BYTES, burst: 8, perSec: 1 },
};

/** Receivers allow this much more: messages of several seconds may arrive together after a lost path came back. */
const LENIENCY = 8;

/** One neighbour and one slot. */
export class ToldAnnotations {
  /** The best of each file that the neighbour is known to have. */
  readonly best = new Map<FileId, Bytes>();
  /** For what is sent to it. */
  readonly pace: TokenBucket;
  /** For what it sends. */
  readonly allowance: TokenBucket;

  constructor({ burst, perSec }: AnnotationSlot) {
    this.pace = new TokenBucket(perSec, burst);
    this.allowance = new TokenBucket(perSec * LENIENCY, burst * LENIENCY);
  }
}
