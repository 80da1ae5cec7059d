// An anchor as the annotation of its file, the same to the byte in src/unisono/peer/anchor.py. Big-endian: u32 sample rate;
// then each place: u32 start frame, and its samples as signed bytes. Pure. Every member can write one, so nothing in it is
// believed: its size, its rate and its order are bounded here, and whether its sound is in the song is for the match to find
// out.

import { ANCHOR_PLACE_FRAMES, MAX_ANCHOR_PLACES } from "../../protocol/constants/audio.gen.ts";
import type { Anchor, AnchorPlace } from "./anchor.ts";

const HEADER_BYTES = 4;
const PLACE_BYTES = 4 + ANCHOR_PLACE_FRAMES;

export function encodeAnchor({ sampleRate, places }: Anchor): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + PLACE_BYTES * places.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, sampleRate);
  places.forEach(({ startFrame, samples }, index) => {
    const at = HEADER_BYTES + PLACE_BYTES * index;
    view.setUint32(at, startFrame);
    bytes.set(new Uint8Array(samples.buffer), at + 4);
  });
  return bytes;
}

/** null for bytes that are no anchor: another length, a rate no sound card has, places out of order. */
export function decodeAnchor(bytes: Uint8Array): Anchor | null {
  const count = (bytes.length - HEADER_BYTES) / PLACE_BYTES;
  if (!Number.isInteger(count) || count < 0 || count > MAX_ANCHOR_PLACES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sampleRate = view.getUint32(0);
  if (sampleRate < 8_000 || sampleRate > 384_000) return null;
  const places: AnchorPlace[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; at += PLACE_BYTES) {
    const startFrame = view.getUint32(at);
    if (startFrame <= (places.at(-1)?.startFrame ?? -1)) return null;
    places.push({ startFrame, samples: new Int8Array(bytes.slice(at + 4, at + PLACE_BYTES).buffer) });
  }
  return { sampleRate, places };
}
