// APEv2 items, before or behind the sound of MP3 (wiki.hydrogenaudio: APEv2 specification), and the lyrics that may stand
// behind them. Pure.

import { isAt, viewOf } from "../length/reading.ts";
import { firstOf, offerText, type RawTags, type TagField } from "./raw-tags.ts";

/** Of the header, which may be missing, and of the footer. */
const FRAME_BYTES = 32;
const HAS_HEADER = 0x80000000;
const MAX_ITEMS = 1_000;
/** Version 1 says no size, and its lyrics have 5100 bytes at most. */
const MAX_LYRICS3_BYTES = 5_100 + 20;
const FIELDS: Readonly<Record<string, TagField>> = { title: "title", artist: "artist", album: "album" };

/** The whole tag at the beginning of the bytes; 0 when there is none. */
export function apeBytes(bytes: Uint8Array): number {
  if (!isAt(bytes, 0, "APETAGEX") || bytes.length < FRAME_BYTES) return 0;
  return Math.min(bytes.length, FRAME_BYTES + viewOf(bytes).getUint32(12, true));
}

/** The whole tag at the end of the bytes; 0 when there is none. */
export function apeBytesBehind(bytes: Uint8Array): number {
  const at = bytes.length - FRAME_BYTES;
  if (at < 0 || !isAt(bytes, at, "APETAGEX")) return 0;
  const view = viewOf(bytes);
  const hasHeader = (view.getUint32(at + 20, true) & HAS_HEADER) !== 0;
  const whole = view.getUint32(at + 12, true) + (hasHeader ? FRAME_BYTES : 0);
  return whole <= bytes.length ? whole : 0;
}

/** A Lyrics3 tag at the end of the bytes (id3.org: Lyrics3), which stands behind an APE tag; 0 when there is none. */
export function lyricsBytesBehind(bytes: Uint8Array): number {
  const end = bytes.length;
  if (isAt(bytes, end - 9, "LYRICS200")) {
    const digits = String.fromCharCode(...bytes.subarray(end - 15, end - 9));
    const whole = /^\d{6}$/.test(digits) ? Number(digits) + 15 : 0;
    return whole <= end && isAt(bytes, end - whole, "LYRICSBEGIN") ? whole : 0;
  }
  if (!isAt(bytes, end - 9, "LYRICSEND")) return 0;
  for (let at = end - 20; at >= Math.max(0, end - MAX_LYRICS3_BYTES); at--)
    if (isAt(bytes, at, "LYRICSBEGIN")) return end - at;
  return 0;
}

/** Size, flags, a name that a zero ends, the value; a picture stands behind its file's name. */
export function readApe(tag: Uint8Array, raw: RawTags): void {
  const view = viewOf(tag);
  const end = tag.length - (isAt(tag, tag.length - FRAME_BYTES, "APETAGEX") ? FRAME_BYTES : 0);
  let at = isAt(tag, 0, "APETAGEX") ? FRAME_BYTES : 0;
  for (let items = 0; at + 8 < end && items < MAX_ITEMS; items++) {
    const sizeBytes = view.getUint32(at, true);
    const nameEnd = tag.indexOf(0, at + 8);
    if (nameEnd < 0) return;
    const name = String.fromCharCode(...tag.subarray(at + 8, Math.min(nameEnd, at + 40))).toLowerCase();
    at = nameEnd + 1 + sizeBytes;
    const value = tag.subarray(nameEnd + 1, Math.min(at, end));
    const field = FIELDS[name];
    if (field) offerText(raw, field, firstOf(value));
    else if (name === "cover art (front)") raw.cover ??= value.subarray(value.indexOf(0) + 1);
  }
}
