// What of a song goes to the Worker that reads its tags. Pure. Tags stand before and behind the sound, so that of a long file
// only both ends are copied; the Worker puts them back where they stood, with zeros between, for its readers to step over.

import type { Bytes } from "../../../lib/index.ts";
import type { ByteSource } from "../sound-index/file-reader.ts";
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

/** Pictures of a scanner's size before the sound. */
const HEAD_BYTES = 16 * 1024 * 1024;
/** What stands behind the sound has at most one cover. */
const TAIL_BYTES = 4 * 1024 * 1024;

export async function packTags({ sizeBytes, read }: ByteSource): Promise<TagParcel> {
  const isShort = sizeBytes <= HEAD_BYTES + TAIL_BYTES;
  return {
    sizeBytes,
    head: await read(0, isShort ? sizeBytes : HEAD_BYTES),
    tail: isShort ? new Uint8Array() : await read(sizeBytes - TAIL_BYTES, sizeBytes),
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
