// Walks through frames that follow each other without a container (MP3, ADTS) and finds the runs of one kind, with points a
// second apart. Reads in steps; everything within a step is synchronous. Bytes of the file, frames of the run.
//
// Invariants
//  1. A frame that follows another is believed if it is of the same kind. After damage two must agree, and for a run of
//     another kind three: eleven set bits are found in any picture.
//  2. A frame that tells how much silence the encoder added (Xing, VBRI) is in no run: a decoder would make sound of it.
//  3. What is searched byte by byte is bounded, however large the file.

import { tagBytesAt } from "../length/lead-in.ts";
import { isAt } from "../length/reading.ts";
import { type FileReader, PointGatherer } from "./file-reader.ts";
import { type FrameHeader, isRowOfFrames, type ReadHeader } from "./frame-headers.ts";
import { MAX_DURATION_SEC, MAX_RUNS } from "./limits.ts";

export interface FrameRun<Told> {
  /** Of its first frame. */
  readonly header: FrameHeader;
  readonly points: PointGatherer;
  /** What the frame before it told, if there was one that tells. */
  readonly told: Told | null;
  endByte: number;
  codedFrames: number;
}

export interface FrameStream<Told> {
  readonly headerAt: ReadHeader;
  /** What a frame tells that holds no sound; null for any other. */
  readonly toldAt: (bytes: Uint8Array, at: number, header: FrameHeader) => Told | null;
}

/** A few frames of the largest size, so that what follows can be looked at before a frame is believed. */
const LOOK_BYTES = 65_536;
/** Between frames may lie damage; more of it than a long song has is no song. */
const MAX_LOST_BYTES = 64 * 2 ** 20;
const [AGREEING_FRAMES, OTHER_KIND_FRAMES] = [2, 3];
/** A decoder steps over a tag of a stream's segment, and may take bytes of a picture for frames. */
const MAX_TAG_IN_RUN_BYTES = 4_096;
const ID3V1_BYTES = 128;

/** Null where no frame stands at `startByte`, or where the file is longer than any song. */
export async function walkFrames<Told>(
  reader: FileReader,
  stream: FrameStream<Told>,
  startByte: number,
  endByte: number,
): Promise<readonly FrameRun<Told>[] | null> {
  const walk = new FrameWalk(stream, startByte, endByte);
  while (!walk.isDone) {
    await reader.ensure(walk.at, LOOK_BYTES);
    walk.walkThrough(reader);
  }
  return walk.isTooLong ? null : walk.runs.filter((run) => run.codedFrames > 0);
}

class FrameWalk<Told> {
  at: number;
  readonly runs: FrameRun<Told>[] = [];
  isTooLong = false;
  readonly #stream: FrameStream<Told>;
  readonly #startByte: number;
  readonly #endByte: number;
  /** Null where the next frame begins one. */
  #run: FrameRun<Told> | null = null;
  #told: Told | null = null;
  /** No frame ended where the walk is. */
  #isLost = true;
  #lostBytes = 0;
  #durationSec = 0;

  constructor(stream: FrameStream<Told>, startByte: number, endByte: number) {
    this.#stream = stream;
    this.#startByte = startByte;
    this.#endByte = endByte;
    this.at = startByte;
  }

  get isDone(): boolean {
    const isNowhere = this.at > this.#startByte && this.runs.length === 0 && this.#told === null;
    const isEnd = this.at >= this.#endByte || this.#lostBytes > MAX_LOST_BYTES;
    return isEnd || isNowhere || this.isTooLong;
  }

  /** As far as the reader's window goes. */
  walkThrough(reader: FileReader): void {
    const { bytes, base } = reader;
    while (!this.isDone && reader.has(this.at, LOOK_BYTES)) {
      if (this.#takeFrame(bytes, base)) continue;
      this.#isLost = true;
      if (this.#skipTag(bytes, base)) continue;
      const next = bytes.indexOf(0xff, this.at - base + 1);
      const to = next < 0 ? base + bytes.length : base + next;
      this.#lostBytes += to - this.at;
      this.at = to;
    }
  }

  #takeFrame(bytes: Uint8Array, base: number): boolean {
    const offset = this.at - base;
    const header = this.#stream.headerAt(bytes, offset);
    if (!header || this.at + header.sizeBytes > this.#endByte) return false;
    const told = this.#stream.toldAt(bytes, offset, header);
    if (told !== null) {
      this.#run = null;
      this.#told = told;
    } else if (!this.#takeSound(bytes, base, header)) return false;
    this.at += header.sizeBytes;
    this.#isLost = false;
    return true;
  }

  #takeSound(bytes: Uint8Array, base: number, header: FrameHeader): boolean {
    const isInRow = (wanted: number): boolean =>
      isRowOfFrames(bytes, this.at - base, this.#endByte - base, this.#stream.headerAt, wanted);
    let run = this.#run;
    const isSameKind = run?.header.kind === header.kind;
    const isSame = isSameKind && run?.header.channels === header.channels;
    if (!isSame && run !== null && isInRow(OTHER_KIND_FRAMES)) run = null;
    // A frame in mono among others in stereo is sound all the same.
    else if (run !== null && !isSameKind) return false;
    else if ((this.#isLost || run === null) && !isInRow(AGREEING_FRAMES)) return false;
    run ??= this.#begin(header);
    run.points.offer(this.at, run.codedFrames);
    run.codedFrames += header.frames;
    run.endByte = this.at + header.sizeBytes;
    this.#durationSec += header.frames / header.sampleRate;
    if (this.#durationSec > MAX_DURATION_SEC) this.isTooLong = true;
    return true;
  }

  #begin(header: FrameHeader): FrameRun<Told> {
    const points = new PointGatherer(header.sampleRate);
    const run = { header, points, told: this.#told, endByte: this.at, codedFrames: 0 };
    this.runs.push(run);
    if (this.runs.length > MAX_RUNS) this.isTooLong = true;
    this.#run = run;
    this.#told = null;
    return run;
  }

  #skipTag(bytes: Uint8Array, base: number): boolean {
    const offset = this.at - base;
    const sizeBytes = isAt(bytes, offset, "TAG") ? ID3V1_BYTES : tagBytesAt(bytes, offset);
    if (sizeBytes === 0 || this.at + sizeBytes > this.#endByte) return false;
    this.at += sizeBytes;
    if (sizeBytes > MAX_TAG_IN_RUN_BYTES) this.#run = null;
    return true;
  }
}
