// What stands before the sound in a file: tags, zeros, remains of something else. Pure; bytes counted from the file's start.

import { firstFrames } from "./frames.ts";
import { isMp4 } from "./mp4.ts";
import { isAt, viewOf } from "./reading.ts";

const ID3_HEADER_BYTES = 10;
const ID3_FOOTER_BYTES = 10;
const HAS_FOOTER = 0x10;
const APE_HEADER_BYTES = 32;
/** A picture among what was left in front is larger than most; behind it nobody looks for the sound. */
const MAX_JUNK_BYTES = 2 ** 20;
/** MP4 begins with a size, whose first bytes are zero. */
const MAX_ZEROS_OF_CONTAINER = 4;
/** How containers begin that hold sound, or might. */
const BEGINNINGS = [
  ...["RIFF", "RIFX", "RF64", "BW64", "FORM", "fLaC", "OggS", "\x1a\x45\xdf\xa3", "caff", ".snd", "#!AMR"],
  ...[
    "\x30\x26\xb2\x75",
    "riff",
    "wvpk",
    "MAC ",
    "TTA1",
    "DSD ",
    "FRM8",
    "MPCK",
    "MP+",
    "MThd",
    "FLV",
    "\x0b\x77",
  ],
];

/** Where a container begins that says by itself what it is. */
const isContainerAt = (bytes: Uint8Array, at: number): boolean =>
  isMp4(bytes, at) || BEGINNINGS.some((beginning) => isAt(bytes, at, beginning));

/** Behind all tags at the beginning, as MP3, ADTS and some FLAC files have them; 0 where there are none. */
export function behindTags(bytes: Uint8Array): number {
  let at = 0;
  for (;;) {
    const sizeBytes = tagBytesAt(bytes, at);
    if (sizeBytes === 0) return at;
    at += sizeBytes;
  }
}

/** The size of a tag with all that belongs to it, as stands before the sound or between joined files; 0 where there is none. */
export const tagBytesAt = (bytes: Uint8Array, at: number): number =>
  id3Bytes(bytes, at) || apeBytes(bytes, at);

/** The size of an ID3v2 tag with all that belongs to it; 0 where there is none. */
export function id3Bytes(bytes: Uint8Array, at: number): number {
  if (!isAt(bytes, at, "ID3") || at + ID3_HEADER_BYTES > bytes.length) return 0;
  const size = viewOf(bytes).getUint32(at + 6); // seven bits a byte
  const content =
    ((size >>> 3) & 0x0fe00000) | ((size >>> 2) & 0x1fc000) | ((size >>> 1) & 0x3f80) | (size & 0x7f);
  const hasFooter = ((bytes[at + 5] ?? 0) & HAS_FOOTER) !== 0;
  return ID3_HEADER_BYTES + content + (hasFooter ? ID3_FOOTER_BYTES : 0);
}

function apeBytes(bytes: Uint8Array, at: number): number {
  if (!isAt(bytes, at, "APETAGEX") || at + APE_HEADER_BYTES > bytes.length) return 0;
  return APE_HEADER_BYTES + viewOf(bytes).getUint32(at + 12, true);
}

/** Where the sound's container or its first frame begins; where nothing is recognised, behind the tags. */
export function soundStart(bytes: Uint8Array): number {
  const tagged = behindTags(bytes);
  let firstSet = tagged;
  while (bytes[firstSet] === 0 && firstSet - tagged < MAX_JUNK_BYTES) firstSet += 1;
  for (let at = Math.max(tagged, firstSet - MAX_ZEROS_OF_CONTAINER); at <= firstSet; at++)
    if (isContainerAt(bytes, at)) return at;
  return firstFrames(bytes, tagged, tagged + MAX_JUNK_BYTES) ?? tagged;
}
