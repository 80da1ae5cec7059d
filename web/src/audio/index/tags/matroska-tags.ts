// Titles and covers of Matroska and WebM (RFC 9559): the segment's title, its tags, and attached pictures. Pure. Clusters are
// passed over by their size; behind one that does not say its size, the segment's own list of places leads on.

import { offerText, type RawTags } from "./raw-tags.ts";

const SEGMENT = 0x18538067;
const [SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION] = [0x114d9b74, 0x4dbb, 0x53ab, 0x53ac];
const [INFO, TITLE] = [0x1549a966, 0x7ba9];
const [TAGS, TAG, TARGETS, TARGET_LEVEL] = [0x1254c367, 0x7373, 0x63c0, 0x68ca];
const [SIMPLE_TAG, TAG_NAME, TAG_STRING] = [0x67c8, 0x45a3, 0x4487];
const [ATTACHMENTS, ATTACHED_FILE, FILE_TYPE, FILE_DATA] = [0x1941a469, 0x61a7, 0x4660, 0x465c];
const ALBUM_LEVEL = 50;
/** A day of clusters has fewer; a file of nothing but empty elements is left alone after this many. */
const MAX_ELEMENTS = 100_000;

interface Element {
  readonly id: number;
  readonly content: Uint8Array;
}

export function readMatroskaTags(bytes: Uint8Array, raw: RawTags): void {
  const segment = find(bytes, SEGMENT);
  if (!segment) return;
  const parts = new Map<number, Uint8Array>();
  for (const { id, content } of elementsIn(segment)) if (!parts.has(id)) parts.set(id, content);
  for (const seek of all(parts.get(SEEK_HEAD), SEEK)) {
    const at = unsigned(find(seek, SEEK_POSITION));
    const [element] = at < segment.length ? elementsIn(segment.subarray(at)) : [];
    const isAsSaid = element && element.id === unsigned(find(seek, SEEK_ID));
    if (isAsSaid && !parts.has(element.id)) parts.set(element.id, element.content);
  }
  const title = find(parts.get(INFO), TITLE);
  if (title) offerText(raw, "title", title);
  for (const tag of all(parts.get(TAGS), TAG)) readTag(tag, raw);
  for (const file of all(parts.get(ATTACHMENTS), ATTACHED_FILE)) {
    if (text(find(file, FILE_TYPE)).startsWith("image/"))
      raw.cover ??= find(file, FILE_DATA) ?? new Uint8Array();
  }
}

/** About the album where it says so; most programs do not say what a tag is about. */
function readTag(tag: Uint8Array, raw: RawTags): void {
  const isOfAlbum = unsigned(find(find(tag, TARGETS), TARGET_LEVEL)) === ALBUM_LEVEL;
  for (const simple of all(tag, SIMPLE_TAG)) {
    const name = text(find(simple, TAG_NAME)).toUpperCase();
    const value = find(simple, TAG_STRING);
    if (!value) continue;
    if (name === "TITLE") offerText(raw, isOfAlbum ? "album" : "title", value);
    else if (name === "ARTIST") offerText(raw, "artist", value);
    else if (name === "ALBUM") offerText(raw, "album", value);
  }
}

function* elementsIn(bytes: Uint8Array): Generator<Element> {
  for (let at = 0, count = 0; at < bytes.length && count < MAX_ELEMENTS; count++) {
    const id = numberAt(bytes, at, true);
    const size = id && numberAt(bytes, at + id.sizeBytes, false);
    if (!id || !size) return;
    const start = at + id.sizeBytes + size.sizeBytes;
    const isUnknown = size.value === 2 ** (7 * size.sizeBytes) - 1; // all ones: to the end
    at = isUnknown ? bytes.length : start + size.value;
    yield { id: id.value, content: bytes.subarray(start, at) };
  }
}

/** A number whose first byte says by its leading zeros how long it is; ids keep that marker, sizes lose it. */
function numberAt(bytes: Uint8Array, at: number, isId: boolean): { value: number; sizeBytes: number } | null {
  const first = bytes[at] ?? 0;
  const sizeBytes = Math.clz32(first) - 23;
  if (first === 0 || at + sizeBytes > bytes.length) return null;
  let value = isId ? first : first & (0xff >> sizeBytes);
  for (const byte of bytes.subarray(at + 1, at + sizeBytes)) value = value * 256 + byte;
  return { value, sizeBytes };
}

function all(bytes: Uint8Array | null | undefined, id: number): Uint8Array[] {
  return [...elementsIn(bytes ?? new Uint8Array())]
    .filter((each) => each.id === id)
    .map(({ content }) => content);
}

function find(bytes: Uint8Array | null | undefined, id: number): Uint8Array | null {
  for (const element of elementsIn(bytes ?? new Uint8Array())) if (element.id === id) return element.content;
  return null;
}

const text = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes?.subarray(0, 64));

function unsigned(bytes: Uint8Array | null): number {
  return (bytes?.subarray(0, 8) ?? new Uint8Array()).reduce((value, byte) => value * 256 + byte, 0);
}
