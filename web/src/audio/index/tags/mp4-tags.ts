// Titles and covers of MP4, M4A, QuickTime and 3GP: the list that iTunes writes (moov/udta/meta/ilst), QuickTime's own atoms and
// keys, and the assets of 3GP. Pure.

import { boxesIn } from "../length/mp4.ts";
import { type Chunk, isAt, viewOf } from "../length/reading.ts";
import { offerText, type RawTags, type TagField, utf16 } from "./raw-tags.ts";

const FIELDS: Readonly<Record<string, TagField>> = {
  "\xa9nam": "title",
  "\xa9ART": "artist",
  "\xa9alb": "album",
};
const FIELDS_3GP: Readonly<Record<string, TagField>> = {
  titl: "title",
  perf: "artist",
  auth: "artist",
  albm: "album",
};
const KEYS: Readonly<Record<string, TagField | "cover">> = {
  "com.apple.quicktime.title": "title",
  "com.apple.quicktime.artist": "artist",
  "com.apple.quicktime.album": "album",
  "com.apple.quicktime.artwork": "cover",
};
/** Before most of what is not a list of boxes: a version and flags. */
const FULL_BOX_BYTES = 4;
/** Before the value: what kind it is, and a locale. */
const VALUE_AT = 8;
const KIND_UTF16 = 2;
const MAX_KEYS = 1_000;

export function readMp4Tags(bytes: Uint8Array, raw: RawTags): void {
  const moov = boxIn(bytes, { name: "", start: 0, end: bytes.length }, "moov");
  const udta = moov && boxIn(bytes, moov, "udta");
  for (const meta of [udta && boxIn(bytes, udta, "meta"), moov && boxIn(bytes, moov, "meta")]) {
    if (meta) readMeta(bytes, meta, raw);
  }
  if (udta) readUserData(bytes, udta, raw);
}

/** A full box in MP4; QuickTime, and programs that followed it, leave the version out. */
function readMeta(bytes: Uint8Array, meta: Chunk, raw: RawTags): void {
  const isBare = isAt(bytes, meta.start + 4, "hdlr");
  const children = { ...meta, start: meta.start + (isBare ? 0 : FULL_BOX_BYTES) };
  const list = boxIn(bytes, children, "ilst");
  const keys = keysOf(bytes, boxIn(bytes, children, "keys"));
  for (const item of list ? boxesIn(bytes, list.start, list.end) : []) {
    const data = boxIn(bytes, item, "data");
    if (!data) continue;
    const kind = viewOf(bytes).getUint32(data.start);
    const value = bytes.subarray(data.start + VALUE_AT, data.end);
    const key = keys[viewOf(bytes).getUint32(item.start - 4) - 1];
    const field = item.name === "covr" ? "cover" : (FIELDS[item.name] ?? (key && KEYS[key]));
    if (field === "cover") raw.cover ??= value;
    else if (field) offerText(raw, field, kind === KIND_UTF16 ? utf16(value, true) : value);
  }
}

/** What the numbered items of a QuickTime list are called. */
function keysOf(bytes: Uint8Array, box: Chunk | null): string[] {
  const keys: string[] = [];
  for (let at = (box?.start ?? 0) + 8; box && at + 8 <= box.end && keys.length < MAX_KEYS; ) {
    const sizeBytes = Math.max(8, viewOf(bytes).getUint32(at));
    keys.push(String.fromCharCode(...bytes.subarray(at + 8, Math.min(box.end, at + sizeBytes, at + 100))));
    at += sizeBytes;
  }
  return keys;
}

/** QuickTime: a length, a language, the text. 3GP: a version, a language, the text. */
function readUserData(bytes: Uint8Array, udta: Chunk, raw: RawTags): void {
  for (const { name, start, end } of boxesIn(bytes, udta.start, udta.end)) {
    const [field, field3gp] = [FIELDS[name], FIELDS_3GP[name]];
    if (field && end - start > 4) {
      offerText(
        raw,
        field,
        bytes.subarray(start + 4, Math.min(end, start + 4 + viewOf(bytes).getUint16(start))),
      );
    } else if (field3gp && end - start > 6) {
      const text = bytes.subarray(start + 6, end);
      const isWide = isAt(text, 0, "\xfe\xff") || isAt(text, 0, "\xff\xfe");
      offerText(raw, field3gp, isWide ? utf16(text, true) : text);
    }
  }
}

function boxIn(bytes: Uint8Array, { start, end }: Chunk, name: string): Chunk | null {
  return boxesIn(bytes, start, end).find((box) => box.name === name) ?? null;
}
