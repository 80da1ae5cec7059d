// Where the sound begins in a file, behind tags, zeros and remains of something else, and where it ends before the tags at
// the end. Reads the few steps that these take. Bytes of the file.

import { tagBytesAt } from "../length/lead-in.ts";
import { isAt, nameAt, viewOf } from "../length/reading.ts";
import type { FileReader } from "./file-reader.ts";
import { adtsHeaderAt, isRowOfFrames, mp3HeaderAt } from "./frame-headers.ts";

const APE_HEADER_BYTES = 32;
/** Nobody writes more tags in a row; a file that is made of them is none of sound. */
const MAX_TAGS = 1_000;
/** A picture among what was left in front is larger than most; behind it nobody looks for the sound. */
const MAX_JUNK_BYTES = 2 ** 20;
/** A few frames of the largest size. */
const LOOK_BYTES = 65_536;
/** MP4 begins with a size, whose first bytes are zero. */
const MAX_ZEROS_OF_CONTAINER = 4;
/** QuickTime of the last century begins without `ftyp`. */
const FIRST_BOXES = ["ftyp", "moov", "mdat", "free", "skip", "wide", "pnot"];
/** How containers begin that hold sound. */
const BEGINNINGS = [
  ...["RIFF", "RIFX", "RF64", "BW64", "FORM", "fLaC", "OggS", "\x1a\x45\xdf\xa3", "caff", ".snd", "#!AMR"],
  ...["\x30\x26\xb2\x75", "riff", "wvpk", "MAC ", "TTA1", "DSD ", "FRM8", "MPCK", "MP+", "MThd", "FLV"],
  "\x0b\x77",
];

/** Where the sound's container or its first frame begins; where nothing is recognised, behind the tags. */
export async function soundStart(reader: FileReader): Promise<number> {
  const tagged = await behindTags(reader);
  await reader.ensure(tagged, MAX_JUNK_BYTES + LOOK_BYTES);
  const { bytes, base } = reader;
  const start = tagged - base;
  let firstSet = start;
  while (bytes[firstSet] === 0 && firstSet - start < MAX_JUNK_BYTES) firstSet += 1;
  for (let at = Math.max(start, firstSet - MAX_ZEROS_OF_CONTAINER); at <= firstSet; at++) {
    if (isContainerAt(bytes, at)) return base + at;
  }
  return base + (firstFrames(bytes, start, reader.sizeBytes - base) ?? start);
}

/** Where a container begins that says by itself what it is. */
const isContainerAt = (bytes: Uint8Array, at: number): boolean =>
  FIRST_BOXES.includes(nameAt(bytes, at + 4)) || BEGINNINGS.some((beginning) => isAt(bytes, at, beginning));

async function behindTags(reader: FileReader): Promise<number> {
  let at = 0;
  for (let count = 0; count < MAX_TAGS; count++) {
    await reader.ensure(at, APE_HEADER_BYTES);
    const sizeBytes = tagBytesAt(reader.bytes, at - reader.base);
    if (sizeBytes === 0) break;
    at += sizeBytes;
  }
  return Math.min(at, reader.sizeBytes);
}

/** So many frames of one kind in a row are no accident; where one is expected anyway, two are none. */
const PROOF_FRAMES = 3;
const EXPECTED_FRAMES = 2;

/** Where frames of one kind begin to follow each other; null where they do not. */
function firstFrames(bytes: Uint8Array, from: number, end: number): number | null {
  const to = from + MAX_JUNK_BYTES;
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at <= to; at = bytes.indexOf(0xff, at + 1)) {
    const wanted = at === from ? EXPECTED_FRAMES : PROOF_FRAMES;
    if (isRowOfFrames(bytes, at, end, mp3HeaderAt, wanted)) return at;
    if (isRowOfFrames(bytes, at, end, adtsHeaderAt, wanted)) return at;
  }
  return null;
}

const ID3V1_BYTES = 128;
const ID3V1_MORE_BYTES = 227;
const APE_HAS_HEADER = 0x80;
const LYRICS_FOOTER_BYTES = 15;
const MAX_OLD_LYRICS_BYTES = 5_120;
/** More kinds than there are. */
const MAX_END_TAGS = 10;

/** One past the sound's last byte: before what tags stand at the end of the file. */
export async function soundEnd(reader: FileReader, startByte: number): Promise<number> {
  let endByte = reader.sizeBytes;
  for (let count = 0; count < MAX_END_TAGS; count++) {
    const tail = await reader.copy(Math.max(startByte, endByte - MAX_OLD_LYRICS_BYTES), endByte);
    const sizeBytes = endTagBytes(tail);
    if (sizeBytes === 0 || sizeBytes > endByte - startByte) break;
    endByte -= sizeBytes;
  }
  return endByte;
}

function endTagBytes(tail: Uint8Array): number {
  const end = tail.length;
  const view = viewOf(tail);
  if (end >= ID3V1_BYTES && isAt(tail, end - ID3V1_BYTES, "TAG")) {
    const hasMore = isAt(tail, end - ID3V1_BYTES - ID3V1_MORE_BYTES, "TAG+");
    return ID3V1_BYTES + (hasMore ? ID3V1_MORE_BYTES : 0);
  }
  if (end >= APE_HEADER_BYTES && isAt(tail, end - APE_HEADER_BYTES, "APETAGEX")) {
    const hasHeader = ((tail[end - 9] as number) & APE_HAS_HEADER) !== 0;
    // Its size counts the footer, and not the header.
    return view.getUint32(end - 20, true) + (hasHeader ? APE_HEADER_BYTES : 0);
  }
  if (isAt(tail, end - 9, "LYRICS200")) {
    const digits = String.fromCharCode(...tail.subarray(end - LYRICS_FOOTER_BYTES, end - 9));
    return /^\d{6}$/.test(digits) ? Number(digits) + LYRICS_FOOTER_BYTES : 0;
  }
  if (isAt(tail, end - 9, "LYRICSEND")) {
    for (let at = end - 9; at >= 0; at--) if (isAt(tail, at, "LYRICSBEGIN")) return end - at;
  }
  return 0;
}
