// Titles and covers of MP4 and M4A: moov/udta/meta/ilst, as iTunes writes them. Pure.

import { boxesIn } from "../length/mp4.ts";
import type { Chunk } from "../length/reading.ts";
import type { RawTags } from "./song-tags.ts";

const FIELDS: Readonly<Record<string, "title" | "artist" | "album">> = {
  "\xa9nam": "title",
  "\xa9ART": "artist",
  "\xa9alb": "album",
};
/** `meta` begins with a version and flags where its children are, as files of iTunes have it. */
const FULL_BOX_BYTES = 4;
/** Before the value: what kind it is, and a locale. */
const VALUE_AT = 8;

export function readMp4Tags(bytes: Uint8Array, raw: RawTags): void {
  const meta = boxAt(bytes, ["moov", "udta", "meta"], { name: "", start: 0, end: bytes.length });
  if (!meta) return;
  const list = boxAt(bytes, ["ilst"], { ...meta, start: meta.start + FULL_BOX_BYTES });
  for (const item of list ? boxesIn(bytes, list.start, list.end) : []) {
    const data = boxAt(bytes, ["data"], item);
    if (!data) continue;
    const value = bytes.subarray(data.start + VALUE_AT, data.end);
    const field = FIELDS[item.name];
    if (field) raw[field] ??= new TextDecoder().decode(value);
    else if (item.name === "covr") raw.cover ??= value;
  }
}

function boxAt(bytes: Uint8Array, path: readonly string[], within: Chunk): Chunk | null {
  let found: Chunk = within;
  for (const name of path) {
    const next = boxesIn(bytes, found.start, found.end).find((box) => box.name === name);
    if (!next) return null;
    found = next;
  }
  return found;
}
