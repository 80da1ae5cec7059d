// What a file says of its song: title, artist, album and a cover, from ID3, Vorbis comments, MP4 atoms and RIFF lists. Pure.
// A file comes from a stranger: every size is checked against what there is, texts are cut and cleaned of what could break
// or reverse a line, a cover is only what browsers draw and no larger than a phone wants to keep.
// Does not know whether a cover can really be drawn.

import { isAt } from "../length/reading.ts";
import { id3Bytes, readId3, readId3v1 } from "./id3.ts";
import { readMp4Tags } from "./mp4-tags.ts";
import { readRiffTags } from "./riff-tags.ts";
import { readFlacTags, readOggTags } from "./vorbis-comments.ts";

export interface Cover {
  readonly type: CoverType;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface SongTags {
  readonly title: string | null;
  readonly artist: string | null;
  readonly album: string | null;
  readonly cover: Cover | null;
}

/** What a container was found to say, not yet fit to be shown. */
export interface RawTags {
  title?: string;
  artist?: string;
  album?: string;
  cover?: Uint8Array;
}

export type CoverType = "image/jpeg" | "image/png" | "image/webp" | "image/gif";

export const MAX_TAG_CHARS = 120;
export const MAX_COVER_BYTES = 1024 * 1024;
/** What stands before the sound, with several pictures of a scanner's size; the rest of a larger one is not looked at. */
const MAX_HEAD_BYTES = 32 * 1024 * 1024;

/** Null where the file says nothing of its song. */
export function readTags(bytes: Uint8Array): SongTags | null {
  const raw = readAny(bytes);
  const tags = {
    title: cleanText(raw.title),
    artist: cleanText(raw.artist),
    album: cleanText(raw.album),
    cover: raw.cover ? checkedCover(raw.cover) : null,
  };
  return tags.title || tags.artist || tags.album || tags.cover ? tags : null;
}

/** A tag that is cut off ends in a read beyond the file: what was found before it counts. */
function readAny(bytes: Uint8Array): RawTags {
  const raw: RawTags = {};
  try {
    readContainer(bytes, raw);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return raw;
}

function readContainer(bytes: Uint8Array, raw: RawTags): void {
  const tagBytes = id3Bytes(bytes);
  if (tagBytes > 0) readId3(bytes.subarray(0, Math.min(tagBytes, MAX_HEAD_BYTES)), raw);
  const sound = bytes.subarray(tagBytes);
  if (isAt(sound, 0, "fLaC")) readFlacTags(sound.subarray(0, MAX_HEAD_BYTES), raw);
  else if (isAt(sound, 0, "OggS")) readOggTags(sound, raw);
  else if (isAt(sound, 0, "RIFF")) readRiffTags(sound, raw);
  else if (isAt(sound, 4, "ftyp")) readMp4Tags(sound, raw);
  else if (raw.title === undefined) readId3v1(sound, raw);
}

// \p{Cc} control, \p{Cf} format (bidi overrides and isolates, zero-width), \p{Co} private use, \p{Cs} lone surrogates,
// \p{Zl} and \p{Zp} line and paragraph separators.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]+/gu;

function cleanText(text: string | undefined): string | null {
  // A field of a megabyte would be normalised for nothing.
  const short = (text ?? "").slice(0, 4 * MAX_TAG_CHARS);
  const plain = short.normalize("NFC").replace(UNSAFE, " ").replace(/\s+/g, " ").trim();
  return Array.from(plain).slice(0, MAX_TAG_CHARS).join("").trim() || null;
}

function checkedCover(picture: Uint8Array): Cover | null {
  const type = coverType(picture);
  return type && picture.length <= MAX_COVER_BYTES ? { type, bytes: picture.slice() } : null;
}

/** By what it begins with; what the tag calls it is not asked, so that nothing else slips through under its name. */
function coverType(picture: Uint8Array): CoverType | null {
  if (isAt(picture, 0, "\xff\xd8\xff")) return "image/jpeg";
  if (isAt(picture, 0, "\x89PNG\r\n\x1a\n")) return "image/png";
  if (isAt(picture, 0, "RIFF") && isAt(picture, 8, "WEBP")) return "image/webp";
  return isAt(picture, 0, "GIF87a") || isAt(picture, 0, "GIF89a") ? "image/gif" : null;
}
