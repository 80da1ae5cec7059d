// The sound index of MP4, M4A and QuickTime with AAC-LC: the packets of the first sound track, wherever they lie. A slice is
// packets, each behind an ADTS header; all have 1024 frames, whatever the last one's duration is said to be.
// No index: other codecs and encrypted ones; HE-AAC, whose frames have another number and rate than its packets tell; edit
// lists that do more than cut the beginning and the end.

import { isMp4 } from "../length/mp4.ts";
import { type Chunk, nameAt, uint64 } from "../length/reading.ts";
import type { FileReader } from "./file-reader.ts";
import { type Film, filmOf, PACKET_FRAMES } from "./mp4-film.ts";
import { addFragment } from "./mp4-fragments.ts";
import { packetStretches } from "./packet-stretches.ts";
import type { CodedRun, SoundIndex } from "./sound-index.ts";

const HEADER_BYTES = 8;
const LONG_HEADER_BYTES = 16;
/** A film's head is copied out whole; that of a day of sound has 30 MB. */
const MAX_HEAD_BYTES = 1 << 26;
/** A day of fragments has fewer. */
const MAX_BOXES = 1_000_000;

export async function mp4Index(reader: FileReader, startByte: number): Promise<SoundIndex | null> {
  let film: Film | null = null;
  let at = startByte;
  for (let count = 0; at + HEADER_BYTES <= reader.sizeBytes; count++) {
    if (!reader.has(at, LONG_HEADER_BYTES)) await reader.ensure(at, LONG_HEADER_BYTES);
    if (count === 0 && !isMp4(reader.bytes, at - reader.base)) return null;
    const box = boxAt(reader, at);
    if (!box || count > MAX_BOXES) return null;
    if (box.name === "moof" && !film) return null; // a fragment before the head that describes its packets
    const isHead = film ? box.name === "moof" : box.name === "moov";
    if (isHead && box.end <= reader.sizeBytes) {
      if (box.end - box.start > MAX_HEAD_BYTES) return null;
      const bytes = await reader.copy(box.start, box.end);
      if (film && !addFragment(film, bytes, at, box.start)) return null;
      film ??= filmOf(bytes, box.start);
      if (!film) return null;
      if (!film.fragments) break;
    }
    at = box.end;
  }
  return film && indexOf(film, reader.sizeBytes);
}

/** A size of 1 is followed by the true one in 64 bits; 0 means to the end of the file. */
function boxAt({ bytes, view, base, sizeBytes }: FileReader, at: number): Chunk | null {
  const short = view.getUint32(at - base);
  const isLong = short === 1;
  const size = isLong ? uint64(view, at - base + HEADER_BYTES) : short === 0 ? sizeBytes - at : short;
  const start = at + (isLong ? LONG_HEADER_BYTES : HEADER_BYTES);
  return at + size < start ? null : { name: nameAt(bytes, at - base + 4), start, end: at + size };
}

function indexOf(film: Film, fileBytes: number): SoundIndex | null {
  const count = wholePackets(film, fileBytes);
  const gathered = packetStretches(film.packets, count, film.sampleRate, film.config);
  if (!gathered) return null;
  const run: CodedRun = {
    ...gathered,
    kind: "adts",
    sampleRate: film.sampleRate,
    channels: film.channels,
    prefix: new Uint8Array(0),
    codedFrames: count * PACKET_FRAMES,
    ...timelineOf(film, count * PACKET_FRAMES),
    pcm: null,
  };
  return run.lengthFrames > 0 ? { runs: [run] } : null;
}

/** Of a file that was cut off, as many packets as come before the first that is not there. */
function wholePackets({ packets: { starts, sizes } }: Film, fileBytes: number): number {
  const missing = starts.findIndex((start, packet) => start + (sizes[packet] ?? 0) > fileBytes);
  return missing < 0 ? starts.length : missing;
}

type Timeline = Pick<CodedRun, "primingFrames" | "lengthFrames">;

/** What iTunes says to the sample; else the edit list; else all there is. */
function timelineOf(film: Film, codedFrames: number): Timeline {
  const { gapless, edit, sampleRate, timescale, movieTimescale } = film;
  if (gapless && gapless.primingFrames + gapless.lengthFrames <= codedFrames) return gapless;
  const framesOf = (ticks: number): number => Math.round((ticks * sampleRate) / timescale);
  const primingFrames = Math.max(0, framesOf(edit.startTicks - film.firstTicks));
  // The media's own duration is exact, and says how much of the last packet belongs to it.
  const statedFrames = framesOf(film.mediaTicks);
  const isLastCut = statedFrames <= codedFrames && statedFrames > codedFrames - PACKET_FRAMES;
  const toEnd = (isLastCut ? statedFrames : codedFrames) - primingFrames;
  const editFrames = Math.round((edit.durationTicks * sampleRate) / movieTimescale);
  // An edit to the end is stated in ticks of the film, often milliseconds.
  const isToEnd = edit.durationTicks === 0 || editFrames >= toEnd - sampleRate / movieTimescale;
  return { primingFrames, lengthFrames: isToEnd ? toEnd : editFrames };
}
