// The length of MP4 and M4A: of the sound tracks (mdhd), else of the whole film (mvhd), else of its fragments (mehd). Pure.

import { type Chunk, nameAt, type SoundLength, uint64, viewOf } from "./reading.ts";

const BOX_HEADER_BYTES = 8;
/** A day of fragments has fewer; a file of nothing but empty boxes would fill the memory with them. */
const MAX_BOXES = 200_000;

const FIRST_BOXES = ["ftyp", "moov", "mdat", "free", "skip", "wide", "pnot"];

/** QuickTime of the last century begins without `ftyp`. */
export const isMp4 = (bytes: Uint8Array, at: number): boolean => FIRST_BOXES.includes(nameAt(bytes, at + 4));

export function mp4Length(bytes: Uint8Array): SoundLength | null {
  const moov = boxesIn(bytes, 0, bytes.length).find((box) => box.name === "moov");
  if (!moov) return null;
  const film = boxesIn(bytes, moov.start, moov.end);
  const header = film.find((box) => box.name === "mvhd");
  const tracks = film.filter((box) => box.name === "trak").map((trak) => trackSec(bytes, trak));
  // In fragments, the heads tell at most of what stood in them when they were written.
  if (film.some((box) => box.name === "mvex")) {
    return { durationSec: fragmentsSec(bytes, film, header), channels: null, isRough: true };
  }
  const ofTracks = Math.max(0, ...tracks);
  const ofFilm = header ? headerSec(bytes, header) : 0;
  return { durationSec: ofTracks || ofFilm, channels: null, isRough: ofTracks === 0 };
}

/** 0 for a track that is not sound: a cover, a chapter list. */
function trackSec(bytes: Uint8Array, trak: Chunk): number {
  const media = boxesIn(bytes, trak.start, trak.end).find((box) => box.name === "mdia");
  if (!media) return 0;
  const parts = boxesIn(bytes, media.start, media.end);
  const handler = parts.find((box) => box.name === "hdlr");
  const header = parts.find((box) => box.name === "mdhd");
  const isSound = handler && nameAt(bytes, handler.start + 8) === "soun";
  return isSound && header ? headerSec(bytes, header) : 0;
}

/** mvhd and mdhd: version, flags, two dates, timescale, duration; version 1 has dates and duration in 64 bits. */
function headerSec(bytes: Uint8Array, { start, end }: Chunk): number {
  const view = viewOf(bytes);
  const isLong = view.getUint8(start) === 1;
  if (end - start < (isLong ? 32 : 20)) return 0;
  const timescale = view.getUint32(start + (isLong ? 20 : 12));
  const duration = isLong ? uint64(view, start + 24) : view.getUint32(start + 16);
  const isUnknown = duration === (isLong ? 2 ** 64 : 0xffffffff);
  return timescale > 0 && !isUnknown ? duration / timescale : 0;
}

/** A fragmented file says its whole duration in moov/mvex/mehd, in the film's timescale, if at all. */
function fragmentsSec(bytes: Uint8Array, film: readonly Chunk[], header: Chunk | undefined): number {
  const mvex = film.find((box) => box.name === "mvex");
  const fragments = mvex && boxesIn(bytes, mvex.start, mvex.end).find((box) => box.name === "mehd");
  if (!fragments || !header || fragments.end - fragments.start < 8) return 0;
  const view = viewOf(bytes);
  const timescale = view.getUint32(header.start + (view.getUint8(header.start) === 1 ? 20 : 12));
  const isLong = view.getUint8(fragments.start) === 1 && fragments.end - fragments.start >= 12;
  const duration = isLong ? uint64(view, fragments.start + 4) : view.getUint32(fragments.start + 4);
  return timescale > 0 ? duration / timescale : 0;
}

/** The boxes between two places; a size of 1 is followed by the true one in 64 bits, 0 means to the end. */
export function boxesIn(bytes: Uint8Array, from: number, to: number): Chunk[] {
  const view = viewOf(bytes);
  const boxes: Chunk[] = [];
  for (let at = from; at + BOX_HEADER_BYTES <= to && boxes.length < MAX_BOXES; ) {
    const short = view.getUint32(at);
    const isLong = short === 1 && at + 16 <= to;
    const sizeBytes = isLong ? uint64(view, at + 8) : short === 0 ? to - at : short;
    const start = at + (isLong ? 16 : BOX_HEADER_BYTES);
    if (sizeBytes < start - at) break;
    boxes.push({ name: nameAt(bytes, at + 4), start, end: Math.min(to, at + sizeBytes) });
    at += sizeBytes;
  }
  return boxes;
}
