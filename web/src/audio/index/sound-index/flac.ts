// The sound index of native FLAC. A frame does not say how long it is, so the file is searched for the headers of frames,
// which have a checksum and are numbered. Reads in steps. Bytes of the file, sample frames of the run.
//
// Invariants
//  1. A frame is believed if its number is the next; after damage, or in a joined file, if a second one goes on from it.
//  2. What is missing keeps its time, as far as a listener might wait for it: the sound after it stays where it was.
//  3. What a run has of frames was counted; STREAMINFO may know nothing, or something else.

import { isAt } from "../length/reading.ts";
import { type FileReader, PointGatherer } from "./file-reader.ts";
import {
  type FlacFrame,
  flacFrameAt,
  lastZeroOfCrc16,
  MAX_HEADER_BYTES,
  STREAM_INFO_BYTES,
  type StreamInfo,
  streamInfoAt,
} from "./flac-frames.ts";
import { soundEnd } from "./lead-in.ts";
import { MAX_DURATION_SEC, MAX_RUNS } from "./limits.ts";
import type { CodedRun, SoundIndex } from "./sound-index.ts";

const MARK = "fLaC";
const BLOCK_HEADER_BYTES = 4;
const LAST_BLOCK = 0x80;
/** More than any file has. */
const MAX_BLOCKS = 10_000;

export async function indexFlac(reader: FileReader, startByte: number): Promise<SoundIndex | null> {
  const infoByte = startByte + MARK.length + BLOCK_HEADER_BYTES;
  const head = await reader.copy(startByte, infoByte + STREAM_INFO_BYTES);
  const isStream = isAt(head, 0, MARK) && ((head[MARK.length] ?? 0xff) & 0x7f) === 0;
  if (!isStream || startByte + head.length < infoByte + STREAM_INFO_BYTES) return null;
  const info = streamInfoAt(new DataView(head.buffer), infoByte - startByte);
  const framesByte = await behindBlocks(reader, startByte + MARK.length);
  const endByte = await soundEnd(reader, framesByte);
  const scan = new FlacScan(info, framesByte, endByte);
  while (!scan.isDone) {
    await reader.ensure(scan.at, MAX_HEADER_BYTES);
    scan.scanThrough(reader);
  }
  if (scan.isTooLong) return null;
  await scan.finish(reader);
  const prefix = prefixOf(head);
  const runs = scan.runs
    .filter((run) => run.codedFrames > 0)
    .map(
      (run): CodedRun => ({
        kind: "flac",
        sampleRate: info.sampleRate,
        channels: info.channels,
        prefix,
        pointBytes: run.points.pointBytes,
        pointFrames: run.points.pointFrames,
        endByte: run.endByte,
        codedFrames: run.codedFrames,
        primingFrames: 0,
        lengthFrames: run.codedFrames,
        packets: null,
        pcm: null,
      }),
    );
  return runs.length > 0 ? { runs } : null;
}

/** STREAMINFO is the only block, and knows neither length nor checksum: both are those of the whole file. */
function prefixOf(head: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const prefix = head.slice();
  prefix.set([LAST_BLOCK, 0, 0, STREAM_INFO_BYTES], MARK.length);
  const info = MARK.length + BLOCK_HEADER_BYTES;
  prefix[info + 13] = (prefix[info + 13] as number) & 0xf0;
  prefix.fill(0, info + 14);
  return prefix;
}

/** Where the blocks lead nowhere, behind the first: the search for frames goes through the others as well. */
async function behindBlocks(reader: FileReader, fromByte: number): Promise<number> {
  const behindFirst = fromByte + BLOCK_HEADER_BYTES + STREAM_INFO_BYTES;
  let at = fromByte;
  for (let count = 0; count < MAX_BLOCKS && at + BLOCK_HEADER_BYTES <= reader.sizeBytes; count++) {
    await reader.ensure(at, BLOCK_HEADER_BYTES);
    const header = reader.view.getUint32(at - reader.base);
    at += BLOCK_HEADER_BYTES + (header & 0xffffff);
    if (header >>> 31 === 1) return at < reader.sizeBytes ? at : behindFirst;
  }
  return behindFirst;
}

interface FoundFrame extends FlacFrame {
  readonly at: number;
}

interface FlacRun {
  readonly points: PointGatherer;
  codedFrames: number;
  endByte: number;
}

/** Three of one frame at its largest are less; without a frame for so long, there is no sound any more. */
const MAX_LOST_BYTES = 64 * 2 ** 20;
/** Of frames that were found but are not next. Chance alone makes one in some gigabytes. */
const MAX_DOUBTFUL_FRAMES = 8;
/** A longer silence than this is taken out. */
const MAX_GAP_SEC = 10;

const numberAfter = (frame: FlacFrame): number => frame.number + (frame.isVariable ? frame.frames : 1);

class FlacScan {
  at: number;
  readonly runs: FlacRun[] = [];
  isTooLong = false;
  readonly #info: StreamInfo;
  readonly #endByte: number;
  /** Found, and in no run before the next one is found: it could be cut off. */
  #last: FoundFrame | null = null;
  #run: FlacRun | null = null;
  #doubtful: FoundFrame[] = [];
  #believedByte: number;
  #totalFrames = 0;

  constructor(info: StreamInfo, startByte: number, endByte: number) {
    this.#info = info;
    this.#endByte = endByte;
    this.at = startByte;
    this.#believedByte = startByte;
  }

  get isDone(): boolean {
    return this.at >= this.#endByte || this.at - this.#believedByte > MAX_LOST_BYTES || this.isTooLong;
  }

  /** As far as the reader's window goes. */
  scanThrough(reader: FileReader): void {
    const { bytes, base } = reader;
    const isAll = base + bytes.length >= this.#endByte;
    const to = isAll ? this.#endByte - base : bytes.length - MAX_HEADER_BYTES + 1;
    let offset = this.at - base;
    while (offset < to) {
      offset = bytes.indexOf(0xff, offset);
      if (offset < 0 || offset >= to) break;
      const frame = flacFrameAt(bytes, offset, this.#info);
      if (frame && this.#take({ ...frame, at: base + offset })) offset += frame.headerBytes;
      else offset += 1;
      if (this.isTooLong) break;
    }
    this.at = base + to;
  }

  #take(frame: FoundFrame): boolean {
    const last = this.#last;
    const isNext = last
      ? frame.isVariable === last.isVariable && frame.number === numberAfter(last)
      : frame.number === 0;
    if (isNext) {
      this.#believe(frame, 0);
      return true;
    }
    const before = this.#doubtful.find(
      (each) => each.isVariable === frame.isVariable && numberAfter(each) === frame.number,
    );
    if (before) {
      this.#believe(before, this.#missingBefore(before));
      this.#believe(frame, 0);
      return true;
    }
    // What goes back is none of this stream's frames, but it may be the first of a file that was joined to it.
    const isBack = last && (frame.number < numberAfter(last) || frame.isVariable !== last.isVariable);
    if (isBack && frame.number !== 0) return false;
    this.#doubtful.push(frame);
    if (this.#doubtful.length > MAX_DOUBTFUL_FRAMES) this.#doubtful.shift();
    return false;
  }

  /** Infinity where another file begins. */
  #missingBefore(frame: FoundFrame): number {
    const last = this.#last;
    if (!last) return 0;
    if (frame.number === 0) return Number.POSITIVE_INFINITY;
    return (frame.number - numberAfter(last)) * (last.isVariable ? 1 : last.frames);
  }

  #believe(frame: FoundFrame, missingFrames: number): void {
    this.#addLast(frame.at);
    if (missingFrames > MAX_GAP_SEC * this.#info.sampleRate) this.#run = null;
    else if (this.#run) {
      this.#run.codedFrames += missingFrames;
      this.#totalFrames += missingFrames;
    }
    this.#last = frame;
    this.#doubtful = [];
    this.#believedByte = frame.at;
  }

  #addLast(endByte: number): void {
    const last = this.#last;
    if (!last) return;
    if (!this.#run) {
      this.#run = { points: new PointGatherer(this.#info.sampleRate), codedFrames: 0, endByte };
      this.runs.push(this.#run);
    }
    this.#run.points.offer(last.at, this.#run.codedFrames);
    this.#run.codedFrames += last.frames;
    this.#run.endByte = endByte;
    this.#totalFrames += last.frames;
    const isLong = this.#totalFrames > MAX_DURATION_SEC * this.#info.sampleRate;
    this.isTooLong ||= isLong || this.runs.length > MAX_RUNS;
  }

  /** The last frame ends where its checksum is right: before what is left of something else, if there is. */
  async finish(reader: FileReader): Promise<void> {
    const last = this.#last;
    if (!last) return;
    const { channels, bits } = this.#info;
    // Plain samples, one bit more for a side, and what stands around them.
    const maxBytes = MAX_HEADER_BYTES + channels * (8 + Math.ceil((last.frames * (bits + 1)) / 8)) + 2;
    const frame = await reader.copy(last.at, Math.min(this.#endByte, last.at + maxBytes));
    const end = lastZeroOfCrc16(frame);
    if (end !== null) this.#addLast(last.at + end);
  }
}
