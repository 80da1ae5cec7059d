// What an Ogg stream's first packets say: its codec, and what a decoder has to know before any of its pages. Pure.

import { type Bytes, concatBytes, utf8 } from "../../../lib/index.ts";
import { streamInfoAt } from "../length/chunks.ts";
import { isAt, viewOf } from "../length/reading.ts";
import { writeHeadPages } from "./ogg-pages.ts";
import { type CountFrames, flacFrames, OPUS_RATE_HZ, opusFrames, vorbisFrames } from "./packet-frames.ts";

export interface OggStream {
  readonly kind: "ogg-vorbis" | "ogg-opus" | "ogg-flac";
  readonly sampleRate: number;
  readonly channels: number;
  /** Opus states what its decoder needs to settle; it is part of every granule. */
  readonly preSkipFrames: number;
  /** Null where any number of them may follow: FLAC has one for each block of metadata. */
  readonly headers: number | null;
}

export interface OggHead {
  /** The headers' pages. */
  readonly prefix: Bytes;
  /** For this stream alone. */
  readonly count: CountFrames;
}

/** In FLAC's first packet: a marker, a version, a count of headers, "fLaC", a block's header, and then STREAMINFO. */
const [FLAC_COUNT_AT, FLAC_MARK_AT, FLAC_BLOCK_AT, STREAMINFO_AT] = [7, 9, 13, 17];
const FLAC_HEAD_BYTES = 51;
const OPUS_HEAD_BYTES = 19;

/** The codec by the packet at `at`; null for what is no sound (a cover in Theora, a skeleton), or none known here. */
export function streamAt(bytes: Uint8Array, at: number): OggStream | null {
  const view = viewOf(bytes);
  if (at + FLAC_HEAD_BYTES > bytes.length) return null; // no file with sound in it is shorter
  // The upper half of Opus' version says whether one has to understand it.
  if (isAt(bytes, at, "OpusHead") && view.getUint8(at + 8) < 16) {
    const preSkipFrames = view.getUint16(at + 10, true);
    const channels = view.getUint8(at + 9);
    return { kind: "ogg-opus", sampleRate: OPUS_RATE_HZ, channels, preSkipFrames, headers: 2 };
  }
  if (isAt(bytes, at, "\x01vorbis")) {
    const [channels, sampleRate] = [view.getUint8(at + 11), view.getUint32(at + 12, true)];
    return { kind: "ogg-vorbis", sampleRate, channels, preSkipFrames: 0, headers: 3 };
  }
  if (isAt(bytes, at, "\x7fFLAC") && isAt(bytes, at + FLAC_MARK_AT, "fLaC")) {
    const { rateHz, channels } = streamInfoAt(view, at + STREAMINFO_AT);
    return { kind: "ogg-flac", sampleRate: rateHz, channels, preSkipFrames: 0, headers: null };
  }
  return null;
}

/** Nobody's name, and no comments. */
const NO_COMMENTS = new Uint8Array(8);
const FRAMING = Uint8Array.of(1);
const LAST_COMMENT_BLOCK = Uint8Array.of(0x84, 0, 0, NO_COMMENTS.length);

/** The stream's headers without their comments, which may hold a cover of any size; null where they are none. */
export function headOf(
  { kind }: OggStream,
  serial: number,
  [first, comment, setup]: readonly Bytes[],
): OggHead | null {
  if (!first || !comment) return null;
  if (kind === "ogg-opus") {
    if (first.length < OPUS_HEAD_BYTES || !isAt(comment, 0, "OpusTags")) return null;
    const packets = [first, concatBytes(utf8("OpusTags"), NO_COMMENTS)];
    return { prefix: writeHeadPages(serial, packets), count: opusFrames };
  }
  if (kind === "ogg-vorbis") {
    if (!setup || !isAt(comment, 0, "\x03vorbis") || !isAt(setup, 0, "\x05vorbis")) return null;
    const count = vorbisFrames(first, setup);
    const packets = [first, concatBytes(utf8("\x03vorbis"), NO_COMMENTS, FRAMING), setup];
    return count && { prefix: writeHeadPages(serial, packets), count };
  }
  if (first.length < FLAC_HEAD_BYTES) return null;
  const packets = [flacHead(first), concatBytes(LAST_COMMENT_BLOCK, NO_COMMENTS)];
  return { prefix: writeHeadPages(serial, packets), count: flacFrames };
}

/** One header follows; and the length and the MD5 of the whole, which no slice has, are left open. */
function flacHead(first: Bytes): Bytes {
  const head = first.slice(0, FLAC_HEAD_BYTES);
  head.set([0, 1], FLAC_COUNT_AT);
  head[FLAC_BLOCK_AT] = 0;
  head[STREAMINFO_AT + 13] = (head[STREAMINFO_AT + 13] ?? 0) & 0xf0;
  return head.fill(0, STREAMINFO_AT + 14);
}
