// Titles of WAV and AIFF: a LIST of INFO, or NAME and AUTH, or a whole ID3 tag in a chunk of its own, which goes first, as it
// can hold a cover. Pure.

import { type Chunk, chunksIn, isAt } from "../length/reading.ts";
import { id3Bytes, readId3 } from "./id3.ts";
import { firstOf, offerText, type RawTags, type TagField } from "./raw-tags.ts";

const HEADER_BYTES = 12;
/** Recorders write a handful; a file of nothing but empty chunks is left alone after this many. */
const MAX_CHUNKS = 10_000;
const INFO_FIELDS: Readonly<Record<string, TagField>> = { INAM: "title", IART: "artist", IPRD: "album" };
const AIFF_FIELDS: Readonly<Record<string, TagField>> = { NAME: "title", AUTH: "artist" };

export function readRiffTags(bytes: Uint8Array, raw: RawTags): void {
  for (const list of readChunks(bytes, true, raw)) {
    if (list.name !== "LIST" || !isAt(bytes, list.start, "INFO")) continue;
    const info = bytes.subarray(list.start + 4, list.end);
    let chunks = 0;
    for (const { name, start, end } of chunksIn(info, 0, true)) {
      if (++chunks > MAX_CHUNKS) break;
      offerField(raw, INFO_FIELDS[name], info.subarray(start, end));
    }
  }
}

export function readAiffTags(bytes: Uint8Array, raw: RawTags): void {
  for (const { name, start, end } of readChunks(bytes, false, raw)) {
    offerField(raw, AIFF_FIELDS[name], bytes.subarray(start, end));
  }
}

function readChunks(bytes: Uint8Array, isLittleEndian: boolean, raw: RawTags): Chunk[] {
  const chunks: Chunk[] = [];
  for (const chunk of chunksIn(bytes, HEADER_BYTES, isLittleEndian)) {
    if (chunks.push(chunk) > MAX_CHUNKS) break;
    if (!/^id3 $/i.test(chunk.name)) continue;
    const tag = bytes.subarray(chunk.start, chunk.end);
    readId3(tag.subarray(0, id3Bytes(tag)), raw);
  }
  return chunks;
}

function offerField(raw: RawTags, field: TagField | undefined, bytes: Uint8Array): void {
  if (field) offerText(raw, field, firstOf(bytes));
}
