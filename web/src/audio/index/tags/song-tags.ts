// What a file says of its song: title, artist, album and a cover, in whichever container. Pure; runs in tags.worker.ts.
// A file comes from a stranger: every size is checked against what there is, texts are cut and cleaned of what could break
// or reverse a line, a cover is only what browsers draw and small enough to be decoded.
// Does not know whether a cover can really be drawn.

import { type Bytes, safeText } from "../../../lib/index.ts";
import { isAt } from "../length/reading.ts";
import { apeBytes, apeBytesBehind, lyricsBytesBehind, readApe } from "./ape-tags.ts";
import { lookAtPicture, type Picture } from "./cover-picture.ts";
import { hasId3v1, ID3V1_BYTES, id3Bytes, id3BytesBehind, readId3, readId3v1 } from "./id3.ts";
import { readMatroskaTags } from "./matroska-tags.ts";
import { readMp4Tags } from "./mp4-tags.ts";
import type { RawTags, RawText, TagField } from "./raw-tags.ts";
import { readAiffTags, readRiffTags } from "./riff-tags.ts";
import { decodeAs, guessEncoding } from "./text-guess.ts";
import { readFlacTags, readOggTags } from "./vorbis-comments.ts";

export interface Cover extends Picture {
  readonly bytes: Bytes;
}

export interface SongWords {
  readonly title: string | null;
  readonly artist: string | null;
  readonly album: string | null;
}

export interface SongTags extends SongWords {
  readonly cover: Cover | null;
}

export const MAX_TAG_CHARS = 120;
/** A scanner's PNG of 3000 pixels a side has 10 MB. */
export const MAX_COVER_BYTES = 24 * 1024 * 1024;
/** 160 MB in memory while it is scaled: more than any shop delivers. */
export const MAX_COVER_PIXELS = 40e6;
/** What stands before the sound, with several pictures of a scanner's size; the rest of a larger one is not looked at. */
const MAX_HEAD_BYTES = 32 * 1024 * 1024;
/** Far more than is shown, in any encoding. */
const MAX_TEXT_BYTES = 1_024;
/** Programs add a tag of their own beside those that they do not know; nobody adds many. */
const MAX_TAGS = 8;
const FIELDS: readonly TagField[] = ["title", "artist", "album"];

/** Null where the file says nothing of its song. `languages` as in navigator.languages: what old letters may mean. */
export function readTags(bytes: Uint8Array, languages: readonly string[] = []): SongTags | null {
  const raw = readAny(bytes);
  const tags = { ...readWords(raw, languages), cover: raw.cover ? checkedCover(raw.cover) : null };
  return tags.title || tags.artist || tags.album || tags.cover ? tags : null;
}

/** A tag that is cut off ends in a read beyond the file: what was found before it counts. */
function readAny(bytes: Uint8Array): RawTags {
  const raw: RawTags = {};
  for (const read of [readAhead, readBehind]) {
    try {
      read(bytes, raw);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return raw;
}

/** Tags before the sound, and what its container says. */
function readAhead(bytes: Uint8Array, raw: RawTags): void {
  let sound = bytes;
  for (let tags = 0; tags < MAX_TAGS; tags++) {
    const [id3, ape] = [id3Bytes(sound), apeBytes(sound)];
    if (id3 > 0) readId3(sound.subarray(0, Math.min(id3, MAX_HEAD_BYTES)), raw);
    if (ape > 0) readApe(sound.subarray(0, Math.min(ape, MAX_HEAD_BYTES)), raw);
    if (id3 + ape === 0) break;
    sound = sound.subarray(id3 + ape);
  }
  if (isAt(sound, 0, "fLaC")) readFlacTags(sound.subarray(0, MAX_HEAD_BYTES), raw);
  else if (isAt(sound, 0, "OggS")) readOggTags(sound, raw);
  else if (isAt(sound, 8, "WAVE")) readRiffTags(sound, raw);
  else if (isAt(sound, 0, "FORM") && isAt(sound, 8, "AIF")) readAiffTags(sound, raw);
  else if (isAt(sound, 0, "\x1a\x45\xdf\xa3")) readMatroskaTags(sound, raw);
  else if (/^(ftyp|moov|mdat|wide|free|skip)$/.test(String.fromCharCode(...sound.subarray(4, 8))))
    readMp4Tags(sound, raw);
}

/** Tags behind the sound, whatever it is; ID3v1, which cuts titles off, counts last although it stands last. */
function readBehind(bytes: Uint8Array, raw: RawTags): void {
  let rest = hasId3v1(bytes) ? bytes.subarray(0, -ID3V1_BYTES) : bytes;
  for (let tags = 0; tags < MAX_TAGS; tags++) {
    const [id3, ape, lyrics] = [id3BytesBehind(rest), apeBytesBehind(rest), lyricsBytesBehind(rest)];
    const end = rest.length;
    if (id3 > 0) readId3(rest.subarray(end - id3), raw);
    if (ape > 0) readApe(rest.subarray(end - ape), raw);
    if (id3 + ape + lyrics === 0) break;
    rest = rest.subarray(0, end - id3 - ape - lyrics);
  }
  readId3v1(bytes, raw);
}

/** Texts of one file were written by one program: they are guessed together. Null for a text of unknown letters. */
function readWords(raw: RawTags, languages: readonly string[]): SongWords {
  const short = (text: Uint8Array): Uint8Array => text.subarray(0, MAX_TEXT_BYTES);
  const unknown = FIELDS.map((field) => raw[field]).filter((text) => text instanceof Uint8Array);
  const encoding = guessEncoding(unknown.map(short), languages);
  const words = (text: RawText = ""): string | null => {
    const plain = typeof text === "string" ? text : decodeAs(short(text), encoding);
    return safeText(plain, MAX_TAG_CHARS) || null;
  };
  return { title: words(raw.title), artist: words(raw.artist), album: words(raw.album) };
}

function checkedCover(bytes: Uint8Array): Cover | null {
  const picture = lookAtPicture(bytes);
  const pixels = picture ? picture.widthPx * picture.heightPx : 0;
  if (!picture || pixels === 0 || pixels > MAX_COVER_PIXELS || bytes.length > MAX_COVER_BYTES) return null;
  return { ...picture, bytes: bytes.slice() };
}
