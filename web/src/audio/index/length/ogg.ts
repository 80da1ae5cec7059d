// The length of Ogg (Vorbis, Opus, FLAC): the last granule of every stream, streams that follow each other added up. Pure.

import { STREAMINFO_BYTES, streamInfoAt } from "./chunks.ts";
import { isAt, type SoundLength, uint64, viewOf } from "./reading.ts";

interface Stream {
  readonly rateHz: number;
  readonly channels: number;
  readonly skippedFrames: number;
  firstFrame: number | null;
  lastFrame: number;
}

const PAGE_HEADER_BYTES = 27;
const IS_FIRST_PAGE = 2;
const OPUS_RATE_HZ = 48_000;
/** Before STREAMINFO: a marker, a version, a count, "fLaC", a block header. */
const FLAC_MAPPING_BYTES = 17;
/** "No packet ends on this page." */
const NO_GRANULE = 2 ** 64;
/** A page holds at most 255 packets of 120 ms; a stream whose first page ends later than this was cut from a longer one. */
const MAX_PAGE_SEC = 60;

export function oggLength(bytes: Uint8Array): SoundLength | null {
  const view = viewOf(bytes);
  const finished: Stream[] = [];
  const open = new Map<number, Stream>();
  for (let at = 0; at + PAGE_HEADER_BYTES <= bytes.length && isAt(bytes, at, "OggS"); ) {
    const segments = view.getUint8(at + 26);
    const content = at + PAGE_HEADER_BYTES + segments;
    const serial = view.getUint32(at + 14, true);
    if (view.getUint8(at + 5) & IS_FIRST_PAGE) {
      const stream = streamAt(bytes, content);
      if (stream) {
        finished.push(stream);
        open.set(serial, stream);
      }
    }
    const granule = uint64(view, at + 6, true);
    const stream = open.get(serial);
    if (stream && granule > 0 && granule !== NO_GRANULE) {
      stream.firstFrame ??= granule;
      stream.lastFrame = granule;
    }
    at = content;
    for (const size of bytes.subarray(content - segments, content)) at += size;
  }
  if (finished.length === 0) return null;
  const durationSec = finished.reduce((sum, stream) => sum + streamSec(stream), 0);
  return { durationSec, channels: Math.max(...finished.map((stream) => stream.channels)) };
}

function streamSec({ rateHz, skippedFrames, firstFrame, lastFrame }: Stream): number {
  const cutFrames = firstFrame !== null && firstFrame > MAX_PAGE_SEC * rateHz ? firstFrame : skippedFrames;
  return Math.max(0, lastFrame - cutFrames) / rateHz;
}

/** The codec by its first packet; null for what is no sound (a cover in Theora, a skeleton). */
function streamAt(bytes: Uint8Array, at: number): Stream | null {
  const view = viewOf(bytes);
  if (at + 20 > bytes.length) return null; // no codec's header is shorter
  const counted = { firstFrame: null, lastFrame: 0 };
  if (isAt(bytes, at, "OpusHead")) {
    const skippedFrames = view.getUint16(at + 10, true);
    return { rateHz: OPUS_RATE_HZ, channels: view.getUint8(at + 9), skippedFrames, ...counted };
  }
  if (isAt(bytes, at, "\x01vorbis")) {
    const rateHz = view.getUint32(at + 12, true);
    return rateHz > 0 ? { rateHz, channels: view.getUint8(at + 11), skippedFrames: 0, ...counted } : null;
  }
  if (isAt(bytes, at, "\x7fFLAC") && at + FLAC_MAPPING_BYTES + STREAMINFO_BYTES <= bytes.length) {
    return { ...streamInfoAt(view, at + FLAC_MAPPING_BYTES), skippedFrames: 0, ...counted };
  }
  return null;
}
