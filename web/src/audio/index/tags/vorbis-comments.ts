// Vorbis comments and FLAC pictures (RFC 9639 §8), in FLAC blocks and in the second packet of Ogg Vorbis, Opus and FLAC.
// Pure. A front cover goes before any other picture.

import { isAt, viewOf } from "../length/reading.ts";
import { offerText, type RawTags } from "./raw-tags.ts";

const COMMENT_BLOCK = 4;
const PICTURE_BLOCK = 6;
const FRONT_COVER = 3;
/** Behind the kind and a length: the type, which is an arrow for a link. */
const TYPE_AT = 8;
const PAGE_HEADER_BYTES = 27;
/** A scanner's picture in base64, and the comments around it; a larger header is not waited for. */
const MAX_PACKET_BYTES = 16 * 1024 * 1024;
const FIELDS = { TITLE: "title", ARTIST: "artist", ALBUM: "album" } as const;

export function readFlacTags(bytes: Uint8Array, raw: RawTags): void {
  const view = viewOf(bytes);
  const pictures: Picture[] = [];
  let isLast = false;
  for (let at = 4; !isLast && at + 4 <= bytes.length; ) {
    const header = view.getUint32(at);
    isLast = header >>> 31 === 1;
    const block = bytes.subarray(at + 4, at + 4 + (header & 0xffffff));
    const type = (header >>> 24) & 0x7f;
    if (type === COMMENT_BLOCK) readComments(block, raw);
    if (type === PICTURE_BLOCK && !isAt(block, TYPE_AT, "-->")) pictures.push(pictureOf(block));
    at += 4 + (header & 0xffffff);
  }
  chooseCover(pictures, raw);
}

export function readOggTags(bytes: Uint8Array, raw: RawTags): void {
  const packet = secondPacket(bytes);
  if (isAt(packet, 0, "OpusTags")) readComments(packet.subarray(8), raw);
  else if (isAt(packet, 0, "\x03vorbis")) readComments(packet.subarray(7), raw);
  else if (((packet[0] ?? 0) & 0x7f) === COMMENT_BLOCK) readComments(packet.subarray(4), raw);
}

/** Of the first stream: laces of 255 go on, a shorter one ends a packet. */
function secondPacket(bytes: Uint8Array): Uint8Array {
  const view = viewOf(bytes);
  const serial = view.getUint32(14, true);
  const parts: Uint8Array[] = [];
  let packet = 0;
  let length = 0;
  for (let at = 0; at + PAGE_HEADER_BYTES <= bytes.length && isAt(bytes, at, "OggS"); ) {
    const segments = view.getUint8(at + 26);
    const isOurs = view.getUint32(at + 14, true) === serial;
    let content = at + PAGE_HEADER_BYTES + segments;
    for (const size of bytes.subarray(at + PAGE_HEADER_BYTES, content)) {
      if (isOurs && packet === 1) {
        parts.push(bytes.subarray(content, content + size));
        length += size;
      }
      content += size;
      if (isOurs && size < 255) packet += 1;
      if (packet > 1 || length > MAX_PACKET_BYTES) return joined(parts, length);
    }
    at = content;
  }
  return joined(parts, length);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A vendor's name, a count, and as many `NAME=value`, each behind its length in little-endian. */
function readComments(block: Uint8Array, raw: RawTags): void {
  const view = viewOf(block);
  const pictures: Picture[] = [];
  let at = 4 + view.getUint32(0, true);
  const count = view.getUint32(at, true);
  at += 4;
  for (let index = 0; index < count && at + 4 <= block.length; index++) {
    const comment = block.subarray(at + 4, at + 4 + view.getUint32(at, true));
    at += 4 + comment.length;
    const equals = comment.indexOf(0x3d);
    if (equals <= 0) continue;
    const name = new TextDecoder().decode(comment.subarray(0, Math.min(equals, 32))).toUpperCase();
    const value = comment.subarray(equals + 1);
    if (name in FIELDS) offerText(raw, FIELDS[name as keyof typeof FIELDS], value);
    else if (name === "METADATA_BLOCK_PICTURE") {
      const block = fromBase64(value);
      if (block) pictures.push(pictureOf(block));
    }
  }
  chooseCover(pictures, raw);
}

interface Picture {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** Kind, type and description behind their lengths, four numbers about the size, the picture behind its length. */
function pictureOf(block: Uint8Array): Picture {
  const view = viewOf(block);
  let at = 4;
  for (let text = 0; text < 2; text++) at += 4 + view.getUint32(at);
  at += 16;
  return { kind: view.getUint32(0), bytes: block.subarray(at + 4, at + 4 + view.getUint32(at)) };
}

function chooseCover(pictures: readonly Picture[], raw: RawTags): void {
  const cover = pictures.find(({ kind }) => kind === FRONT_COVER) ?? pictures[0];
  if (cover) raw.cover ??= cover.bytes;
}

function fromBase64(text: Uint8Array): Uint8Array | null {
  try {
    return Uint8Array.from(atob(new TextDecoder().decode(text)), (char) => char.charCodeAt(0));
  } catch {
    return null; // not base64: no picture
  }
}
