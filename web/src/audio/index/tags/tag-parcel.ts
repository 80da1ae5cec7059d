// What of a song goes to the Worker that reads its tags. Pure. Tags stand before and behind the sound, so that of a long file
// only both ends are copied; the Worker puts them back where they stood, with zeros between, for its readers to step over.

import type { Bytes } from "../../../lib/index.ts";
import type { SongTags } from "./song-tags.ts";

export interface TagParcel {
  readonly sizeBytes: number;
  readonly head: Bytes;
  /** Empty where the head is the whole file. */
  readonly tail: Bytes;
}

export interface TagAnswer {
  readonly tags: SongTags | null;
}

/** Two pictures of a scanner's size before the sound. */
const HEAD_BYTES = 32 * 1024 * 1024;
/** What stands behind the sound has at most one cover. */
const TAIL_BYTES = 8 * 1024 * 1024;

/** Copies, as the song itself goes on to the decoder. */
export function packTags(bytes: Bytes): TagParcel {
  const isShort = bytes.length <= HEAD_BYTES + TAIL_BYTES;
  return {
    sizeBytes: bytes.length,
    head: bytes.slice(0, isShort ? bytes.length : HEAD_BYTES),
    tail: isShort ? new Uint8Array() : bytes.slice(-TAIL_BYTES),
  };
}

/** The zeros take no memory until somebody reads them; where there is no room for them, the head alone is read. */
export function unpackTags({ sizeBytes, head, tail }: TagParcel): Bytes {
  if (tail.length === 0) return head;
  try {
    const whole = new Uint8Array(sizeBytes);
    whole.set(head);
    whole.set(tail, sizeBytes - tail.length);
    return whole;
  } catch (error) {
    if (error instanceof RangeError) return head;
    throw error;
  }
}
