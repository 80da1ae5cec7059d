// ID3v2.2 to 2.4 before the sound, and ID3v1 after it (id3.org). Pure. The first of several titles or pictures counts, but
// a front cover goes before any other picture.

import { isAt, viewOf } from "../length/reading.ts";
import type { RawTags } from "./song-tags.ts";

const HEADER_BYTES = 10;
const ID3V1_BYTES = 128;
const HAS_UNSYNC = 0x80;
const HAS_EXTENDED_HEADER = 0x40;
const FRONT_COVER = 3;

/** Frame names of 2.2 and of 2.3 and 2.4. */
const FIELDS: Readonly<Record<string, "title" | "artist" | "album">> = {
  TT2: "title",
  TIT2: "title",
  TP1: "artist",
  TPE1: "artist",
  TAL: "album",
  TALB: "album",
};

/** The whole tag at the beginning of the file with its header; 0 when there is none. */
export function id3Bytes(bytes: Uint8Array): number {
  if (!isAt(bytes, 0, "ID3") || bytes.length < HEADER_BYTES) return 0;
  return Math.min(bytes.length, HEADER_BYTES + sevenBits(viewOf(bytes).getUint32(6)));
}

export function readId3(tag: Uint8Array, raw: RawTags): void {
  const version = tag[3] ?? 0;
  const flags = tag[5] ?? 0;
  if (version < 2 || version > 4) return;
  // In 2.4 each frame says for itself whether it is unsynchronised.
  const isWholeUnsync = version < 4 && (flags & HAS_UNSYNC) !== 0;
  const content = tag.subarray(HEADER_BYTES);
  const body = isWholeUnsync ? resynchronised(content) : content;
  let at = 0;
  if (version > 2 && flags & HAS_EXTENDED_HEADER) {
    const size = viewOf(body).getUint32(0);
    at = version === 4 ? sevenBits(size) : size + 4;
  }
  let isFront = false;
  for (const { name, content } of framesIn(body, at, version)) {
    const field = FIELDS[name];
    if (field) raw[field] ??= textOf(content);
    else if (name === "APIC" || name === "PIC") {
      const picture = pictureOf(content, name === "PIC");
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

function* framesIn(body: Uint8Array, from: number, version: number): Generator<Frame> {
  const view = viewOf(body);
  const nameBytes = version === 2 ? 3 : 4;
  const headerBytes = version === 2 ? 6 : 10;
  for (let at = from; at + headerBytes <= body.length && body[at] !== 0; ) {
    const name = String.fromCharCode(...body.subarray(at, at + nameBytes));
    const size = version === 2 ? view.getUint32(at + 2) & 0xffffff : view.getUint32(at + 4);
    const sizeBytes = version === 4 ? sevenBits(size) : size;
    const flags = version === 2 ? 0 : view.getUint16(at + 8);
    const content = body.subarray(at + headerBytes, at + headerBytes + sizeBytes);
    at += headerBytes + sizeBytes;
    const plain = version === 4 ? plainOf(content, flags) : flags & 0xc0 ? null : content;
    if (plain) yield { name, content: plain };
  }
}

/** 2.4: compressed and encrypted frames are left out; a group byte and a length before the content are skipped. */
function plainOf(content: Uint8Array, flags: number): Uint8Array | null {
  if (flags & 0x0c) return null;
  const skipped = (flags & 0x40 ? 1 : 0) + (flags & 0x01 ? 4 : 0);
  const rest = content.subarray(skipped);
  return flags & 0x02 ? resynchronised(rest) : rest;
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

function textOf(content: Uint8Array): string {
  const text = decodeText(content.subarray(1), content[0] ?? 0);
  return text.split("\0").find((part) => part !== "") ?? "";
}

function pictureOf(content: Uint8Array, isShort: boolean): { kind: number; bytes: Uint8Array } | null {
  const encoding = content[0] ?? 0;
  const typeEnd = isShort ? 3 : content.indexOf(0, 1);
  if (typeEnd < 0) return null;
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

function decodeText(bytes: Uint8Array, encoding: number): string {
  if (encoding === 3) return new TextDecoder().decode(bytes);
  if (encoding === 2) return new TextDecoder("utf-16be").decode(bytes);
  if (encoding !== 1) return latin1(bytes);
  const isBigEndian = bytes[0] === 0xfe && bytes[1] === 0xff;
  return new TextDecoder(isBigEndian ? "utf-16be" : "utf-16le").decode(bytes);
}

const latin1 = (bytes: Uint8Array): string => new TextDecoder("windows-1252").decode(bytes);

/** Sizes in seven bits a byte. */
function sevenBits(size: number): number {
  return ((size >>> 3) & 0x0fe00000) | ((size >>> 2) & 0x1fc000) | ((size >>> 1) & 0x3f80) | (size & 0x7f);
}

/** "TAG", then thirty characters each for title, artist and album. */
export function readId3v1(bytes: Uint8Array, raw: RawTags): void {
  const at = bytes.length - ID3V1_BYTES;
  if (at < 0 || !isAt(bytes, at, "TAG")) return;
  const field = (from: number): string =>
    latin1(bytes.subarray(at + from, at + from + 30)).split("\0")[0] ?? "";
  raw.title ??= field(3);
  raw.artist ??= field(33);
  raw.album ??= field(63);
}
