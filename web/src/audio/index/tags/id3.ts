// ID3v2.2 to 2.4 before the sound or, with a footer, behind it, and ID3v1 at the end (id3.org), as programs really write them:
// sizes and names of another version, unsynchronisation that only the header tells of. Pure. The first of several titles or
// pictures counts, but a front cover goes before any other picture.

import { isAt, nameAt, viewOf } from "../length/reading.ts";
import { firstOf, isBlank, offerText, type RawTags, type RawText, type TagField, utf16 } from "./raw-tags.ts";

const HEADER_BYTES = 10;
export const ID3V1_BYTES = 128;
const FOOTER_BYTES = 10;
const HAS_UNSYNC = 0x80;
const HAS_EXTENDED_HEADER = 0x40;
const HAS_FOOTER = 0x10;
const FRONT_COVER = 3;
/** Far more than is shown. */
const MAX_TEXT_BYTES = 4_096;

/** Frame names of 2.2 and of 2.3 and 2.4. */
const FIELDS: Readonly<Record<string, TagField>> = {
  TT2: "title",
  TIT2: "title",
  TP1: "artist",
  TPE1: "artist",
  TAL: "album",
  TALB: "album",
};

/** The whole tag at the beginning of the bytes with its header and footer; 0 when there is none. */
export function id3Bytes(bytes: Uint8Array): number {
  if (!isAt(bytes, 0, "ID3") || bytes.length < HEADER_BYTES) return 0;
  const hasFooter = bytes[3] === 4 && ((bytes[5] ?? 0) & HAS_FOOTER) !== 0;
  return Math.min(
    bytes.length,
    HEADER_BYTES + sizeOf(viewOf(bytes).getUint32(6)) + (hasFooter ? FOOTER_BYTES : 0),
  );
}

/** The whole tag whose footer ends at the end of the bytes; 0 when there is none. */
export function id3BytesBehind(bytes: Uint8Array): number {
  const at = bytes.length - FOOTER_BYTES;
  if (at < HEADER_BYTES || !isAt(bytes, at, "3DI")) return 0;
  const whole = HEADER_BYTES + sizeOf(viewOf(bytes).getUint32(at + 6)) + FOOTER_BYTES;
  return whole <= bytes.length && isAt(bytes, bytes.length - whole, "ID3") ? whole : 0;
}

export function readId3(tag: Uint8Array, raw: RawTags): void {
  const version = tag[3] ?? 0;
  const flags = tag[5] ?? 0;
  if (version < 2 || version > 4) return;
  const isUnsync = (flags & HAS_UNSYNC) !== 0;
  let body = tag.subarray(HEADER_BYTES);
  let at = 0;
  // In 2.4 the sizes count the stuffed zeros; some programs stuff the whole tag afterwards, as it was before 2.4.
  if (isUnsync && (version < 4 || !endsWell(body, 0, version))) body = resynchronised(body);
  if (version > 2 && flags & HAS_EXTENDED_HEADER) {
    const size = viewOf(body).getUint32(0);
    at = version === 4 ? sizeOf(size) : size + 4;
  }
  let isFront = false;
  for (const { name, content } of framesIn(body, at, version, isUnsync && version === 4)) {
    const field = FIELDS[name];
    if (field) offerText(raw, field, textOf(content));
    else if (name === "APIC" || name === "PIC") {
      const picture = pictureOf(content, name === "PIC" && !isAt(content, 1, "image/"));
      if (!picture || isFront || (raw.cover && picture.kind !== FRONT_COVER)) continue;
      isFront = picture.kind === FRONT_COVER;
      raw.cover = picture.bytes;
    }
  }
}

interface Frame {
  readonly name: string;
  readonly content: Uint8Array;
}

const nameBytesOf = (version: number): number => (version === 2 ? 3 : 4);
const headerBytesOf = (version: number): number => (version === 2 ? 6 : 10);

function* framesIn(body: Uint8Array, from: number, version: number, isUnsync: boolean): Generator<Frame> {
  const view = viewOf(body);
  const headerBytes = headerBytesOf(version);
  for (let at = from; at + headerBytes <= body.length && isFrameAt(body, at, version); ) {
    const start = at + headerBytes;
    // A name of 2.2 in 2.3 is filled up with a zero or a blank.
    const name = nameAt(body, at)
      .slice(0, nameBytesOf(version))
      .replace(/[\0 ]$/, "");
    const flags = version === 2 ? 0 : view.getUint16(at + 8);
    at = start + frameSize(body, at, version);
    const plain = plainOf(body.subarray(start, at), flags, version, isUnsync);
    if (plain) yield { name, content: plain };
  }
}

/**
 * 2.4 counts in seven bits a byte, 2.3 in eight, and programs mix them up (iTunes did): what leads to another frame or to
 * the tag's end is right.
 */
function frameSize(body: Uint8Array, at: number, version: number): number {
  const view = viewOf(body);
  if (version === 2) return view.getUint32(at + 2) & 0xffffff;
  const size = view.getUint32(at + 4);
  const [said, other] = version === 4 ? [sizeOf(size), size] : [size, sizeOf(size)];
  const isGoingOn = (sizeBytes: number): boolean => isFrameOrEnd(body, at + 10 + sizeBytes, version);
  return !isGoingOn(said) && isGoingOn(other) ? other : said;
}

function isFrameOrEnd(body: Uint8Array, at: number, version: number): boolean {
  if (at === body.length || isFrameAt(body, at, version)) return true;
  const rest = body.subarray(at, at + headerBytesOf(version));
  return at < body.length && (rest.every((byte) => byte === 0) || isAt(rest, 0, "3DI"));
}

function isFrameAt(body: Uint8Array, at: number, version: number): boolean {
  return (version === 2 ? /^[A-Z][A-Z0-9]{2}/ : /^[A-Z][A-Z0-9]{2}[A-Z0-9\0 ]$/).test(nameAt(body, at));
}

function endsWell(body: Uint8Array, from: number, version: number): boolean {
  let at = from;
  while (at + headerBytesOf(version) <= body.length && isFrameAt(body, at, version)) {
    at += headerBytesOf(version) + frameSize(body, at, version);
  }
  return isFrameOrEnd(body, at, version);
}

/** Compressed and encrypted frames are left out; a group byte and a length before the content are skipped. */
function plainOf(content: Uint8Array, flags: number, version: number, isUnsync: boolean): Uint8Array | null {
  if (version < 4) return flags & 0xc0 ? null : content.subarray(flags & 0x20 ? 1 : 0);
  if (flags & 0x0c) return null;
  const skipped = (flags & 0x40 ? 1 : 0) + (flags & 0x01 ? 4 : 0);
  const rest = content.subarray(skipped);
  return flags & 0x02 || (isUnsync && !hasSyncWord(rest)) ? resynchronised(rest) : rest;
}

/** What unsynchronisation takes away: where one stands, the frame was left as it is whatever the header says. */
function hasSyncWord(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if ((bytes[at + 1] ?? 0) >= 0xe0) return true;
  }
  return false;
}

/** Encoders put a zero behind each 0xff so that no player takes a tag for sound. */
function resynchronised(bytes: Uint8Array): Uint8Array {
  const plain = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    plain[length++] = bytes[at] ?? 0;
    if (bytes[at] === 0xff && bytes[at + 1] === 0) at += 1;
  }
  return plain.subarray(0, length);
}

/** The first value; encoding 0 and 3 alike stand for what no program is sure of. */
function textOf(content: Uint8Array): RawText {
  const encoding = content[0] ?? 0;
  const bytes = encoding > 3 ? content : content.subarray(1);
  const isWide = encoding === 1 || encoding === 2 || isAt(bytes, 0, "\xff\xfe") || isAt(bytes, 0, "\xfe\xff");
  if (!isWide) return firstOf(bytes);
  return (
    utf16(bytes.subarray(0, MAX_TEXT_BYTES), encoding === 2)
      .split("\0")
      .find((part) => !isBlank(part)) ?? ""
  );
}

function pictureOf(content: Uint8Array, isShort: boolean): { kind: number; bytes: Uint8Array } | null {
  const encoding = content[0] ?? 0;
  const typeEnd = isShort ? 3 : content.indexOf(0, 1);
  if (typeEnd < 0) return null;
  // A link is no picture: this page asks nobody else for one.
  if (isAt(content, 1, "-->")) return null;
  const kindAt = typeEnd + 1;
  const bytes = content.subarray(afterText(content, kindAt + 1, encoding));
  return { kind: content[kindAt] ?? 0, bytes };
}

/** Past the description: one zero ends it, or two on an even place where a character has two bytes. */
function afterText(content: Uint8Array, from: number, encoding: number): number {
  const isWide = encoding === 1 || encoding === 2;
  for (let at = from; at < content.length; at += isWide ? 2 : 1) {
    if (content[at] === 0 && (!isWide || content[at + 1] === 0)) return at + (isWide ? 2 : 1);
  }
  return content.length;
}

/** Seven bits a byte, unless a byte says that it has eight. */
function sizeOf(size: number): number {
  if (size & 0x80808080) return size;
  return ((size >>> 3) & 0x0fe00000) | ((size >>> 2) & 0x1fc000) | ((size >>> 1) & 0x3f80) | (size & 0x7f);
}

/** "TAG", then thirty characters each for title, artist and album, at the end of the bytes. */
export function readId3v1(bytes: Uint8Array, raw: RawTags): void {
  const at = bytes.length - ID3V1_BYTES;
  if (!hasId3v1(bytes)) return;
  for (const [field, from] of [
    ["title", 3],
    ["artist", 33],
    ["album", 63],
  ] as const) {
    offerText(raw, field, firstOf(bytes.subarray(at + from, at + from + 30)));
  }
}

export const hasId3v1 = (bytes: Uint8Array): boolean =>
  bytes.length >= ID3V1_BYTES && isAt(bytes, bytes.length - ID3V1_BYTES, "TAG");
