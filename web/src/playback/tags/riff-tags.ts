// Titles of WAV: a LIST of INFO, or a whole ID3 tag in a chunk of its own, which goes first, as it can hold a cover. Pure.

import { chunksIn, isAt } from "../length/reading.ts";
import { id3Bytes, readId3 } from "./id3.ts";
import type { RawTags } from "./song-tags.ts";

const RIFF_HEADER_BYTES = 12;
/** Recorders write a handful; a file of nothing but empty chunks is left alone after this many. */
const MAX_CHUNKS = 10_000;
const FIELDS: Readonly<Record<string, "title" | "artist" | "album">> = {
  INAM: "title",
  IART: "artist",
  IPRD: "album",
};

export function readRiffTags(bytes: Uint8Array, raw: RawTags): void {
  const info: RawTags = {};
  let chunks = 0;
  for (const { name, start, end } of chunksIn(bytes, RIFF_HEADER_BYTES, true)) {
    if (++chunks > MAX_CHUNKS) break;
    if (name === "id3 " || name === "ID3 ") {
      const tag = bytes.subarray(start, end);
      readId3(tag.subarray(0, id3Bytes(tag)), raw);
    } else if (name === "LIST" && isAt(bytes, start, "INFO")) {
      readInfo(bytes.subarray(start + 4, end), info);
    }
  }
  for (const field of ["title", "artist", "album"] as const) {
    if (info[field] !== undefined) raw[field] ??= info[field];
  }
}

function readInfo(list: Uint8Array, info: RawTags): void {
  for (const { name, start, end } of chunksIn(list, 0, true)) {
    const field = FIELDS[name];
    if (field) info[field] ??= new TextDecoder().decode(list.subarray(start, end)).split("\0")[0] ?? "";
  }
}
