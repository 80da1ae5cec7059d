// What of a file's bytes holds which stretch of its sound, so that any stretch can be decoded without the rest. Made by
// make-index.ts from a container; a decoder is handed slices of it. Pure. Frames are sample frames at the run's own rate.
//
// Invariants (checked by `checkIndex`)
//  1. A run's points rise in byte (or stretch) and in frame; the first is frame 0, the first coded frame of the run.
//  2. `primingFrames` + `lengthFrames` <= `codedFrames`: the song's frame 0 is coded frame `primingFrames`.
//  3. Slices are a fixed grid of SLICE_POINTS points: whoever decodes a slice, from wherever they came, decodes the same bytes.

import type { Bytes } from "../../../lib/index.ts";
import { MAX_PACKET_BYTES } from "./limits.ts";

/** What decodes a slice: the engine's decoder, by the slice's container; or this product, where the samples are plain. */
export type SliceKind = "mp3" | "adts" | "flac" | "ogg-vorbis" | "ogg-opus" | "ogg-flac" | "webm" | "pcm";

/** How plain samples are stored. */
export interface PcmLayout {
  readonly encoding: "integer" | "unsigned" | "float" | "a-law" | "mu-law";
  /** Of one sample as it is stored: 1, 2, 3, 4 or 8. */
  readonly sampleBytes: number;
  /** Of an integer, the lower ones that count, where not all of its bytes' bits do; otherwise 8 × sampleBytes. */
  readonly bits: number;
  readonly isLittleEndian: boolean;
  /** Names the places of the channels as a WAV's dwChannelMask does; 0 where the file does not. */
  readonly mask: number;
}

/**
 * Packets whose container tells their sizes in a table of the file (MP4). A 3-hour song has half a million of them, so the index
 * keeps where the table is, and who decodes a slice reads its part of it. In stretches: packets side by side, and their sizes too.
 */
export interface Packets {
  /** Of each stretch, in the file: its first byte, and one past its last. */
  readonly startBytes: Float64Array;
  readonly endBytes: Float64Array;
  readonly counts: Uint32Array;
  /** Of each stretch: the byte of the file where the size of its first packet stands, and how many bytes on the next one's. */
  readonly tableBytes: Float64Array;
  /** 0 where all packets of the stretch are of one size, which is read nowhere. */
  readonly tableSteps: Uint8Array;
  /** Of one size, big-endian: 1, 2 or 4. */
  readonly widthBytes: number;
  /** AudioSpecificConfig (ISO 14496-3), at least 2 bytes. */
  readonly config: Bytes;
}

/** A stretch of the file with one configuration of its coder: usually all of it; each link of a chained Ogg is one. */
export interface CodedRun {
  readonly kind: SliceKind;
  readonly sampleRate: number;
  /** As the file says; what is decoded may have others. */
  readonly channels: number;
  /** Stands before every slice's bytes: what a decoder has to know first. */
  readonly prefix: Bytes;
  /** Byte of the file at each point, or the number of its first stretch where there are `packets`. */
  readonly pointBytes: Float64Array;
  /** Coded frame that the sound decoded from there on begins with. */
  readonly pointFrames: Float64Array;
  /** One past the last byte (or stretch) of the run. */
  readonly endByte: number;
  readonly codedFrames: number;
  readonly primingFrames: number;
  readonly lengthFrames: number;
  readonly packets: Packets | null;
  readonly pcm: PcmLayout | null;
}

/** The song is the sound of its runs, one behind the other. */
export interface SoundIndex {
  readonly runs: readonly CodedRun[];
}

/** Points of one slice, about a second each. */
const SLICE_POINTS = 5;
/**
 * Decoded before a slice: MP3's reservoir, Opus' convergence, AAC's overlap (docs/design/engines.md). Its end is the same as that of
 * the slice before, and is what an output frame near the join reaches of it.
 */
const LEAD_IN_POINTS = 1;

/** Packets side by side in the file, as in `Packets`; each goes behind an ADTS header. */
export interface PacketStretch {
  readonly fromByte: number;
  readonly toByte: number;
  readonly count: number;
  readonly tableByte: number;
  readonly tableStep: number;
  readonly widthBytes: number;
  readonly config: Bytes;
}

/** Bytes of the file from `fromByte` to before `toByte`, bytes that stand in no file, or packets. */
export type SlicePart =
  | { readonly fromByte: number; readonly toByte: number }
  | { readonly literal: Bytes }
  | { readonly packets: PacketStretch };

/** One slice: what to decode, and where in the run its sound lies. Frames are coded frames of the run. */
export interface Slice {
  /** In this order they are what a decoder takes (slice-bytes.ts). */
  readonly parts: readonly SlicePart[];
  /** Of the first byte that is decoded: of the lead-in, where there is one. */
  readonly leadInFrame: number;
  readonly fromFrame: number;
  readonly toFrame: number;
}

export const sliceCountOf = (run: CodedRun): number => Math.ceil(run.pointFrames.length / SLICE_POINTS);

/** Slice `number` of a run, 0 to `sliceCountOf(run)` − 1. RangeError for any other. */
export const sliceOf = (run: CodedRun, number: number): Slice =>
  stretchOf(run, number * SLICE_POINTS, SLICE_POINTS);

/** The sound of a single point, to look at. RangeError for a point that the run does not have. */
export const pointOf = (run: CodedRun, point: number): Slice => stretchOf(run, point, 1);

export interface PointStretches {
  /** As it should be decoded. */
  readonly withLeadIn: Slice;
  readonly alone: Slice;
}

/** What slice `number` consists of, a point at a time, its lead-in first, which has none of its own: its bytes may not be there. */
export function pointsOf(run: CodedRun, number: number): PointStretches[] {
  const from = Math.max(0, number * SLICE_POINTS - LEAD_IN_POINTS);
  const to = Math.min(run.pointFrames.length, (number + 1) * SLICE_POINTS);
  return Array.from({ length: to - from }, (_, index) => {
    const alone = stretchOf(run, from + index, 1, 0);
    return { withLeadIn: index === 0 ? alone : stretchOf(run, from + index, 1), alone };
  });
}

/** The point from which the sound of a coded frame of slice `number` can be decoded. */
export function pointAt(run: CodedRun, number: number, codedFrame: number): number {
  let point = number * SLICE_POINTS;
  const last = Math.min(run.pointFrames.length, point + SLICE_POINTS) - 1;
  while (point < last && (run.pointFrames[point + 1] as number) <= codedFrame) point += 1;
  return point;
}

function stretchOf(run: CodedRun, from: number, count: number, leadInPoints = LEAD_IN_POINTS): Slice {
  const points = run.pointFrames.length;
  if (!Number.isInteger(from) || from < 0 || from >= points)
    throw new RangeError(`no sound at point ${from}`);
  const to = Math.min(points, from + count);
  const begin = Math.max(0, from - leadInPoints);
  const start = run.pointBytes[begin] as number;
  const end = to < points ? (run.pointBytes[to] as number) : run.endByte;
  return {
    parts: run.packets ? packetParts(run.packets, start, end) : containerParts(run, start, end),
    leadInFrame: run.pointFrames[begin] as number,
    fromFrame: run.pointFrames[from] as number,
    toFrame: to < points ? (run.pointFrames[to] as number) : run.codedFrames,
  };
}

export const durationSecOf = (index: SoundIndex): number =>
  index.runs.reduce((sum, run) => sum + run.lengthFrames / run.sampleRate, 0);

function containerParts(run: CodedRun, fromByte: number, toByte: number): SlicePart[] {
  const content = { fromByte, toByte };
  return run.prefix.length > 0 ? [{ literal: run.prefix }, content] : [content];
}

/** Stretches that go on where the one before ends, in the file and in the table, are read as one. */
function packetParts(packets: Packets, from: number, to: number): SlicePart[] {
  const parts: { packets: PacketStretch }[] = [];
  for (let at = from; at < to; at++) {
    const stretch = stretchAt(packets, at);
    const last = parts.at(-1)?.packets;
    const isGoingOn =
      last !== undefined &&
      last.tableStep > 0 &&
      last.tableStep === stretch.tableStep &&
      last.toByte === stretch.fromByte &&
      last.tableByte + last.count * last.tableStep === stretch.tableByte;
    if (!isGoingOn) parts.push({ packets: stretch });
    else {
      const { toByte } = stretch;
      parts[parts.length - 1] = { packets: { ...last, toByte, count: last.count + stretch.count } };
    }
  }
  return parts;
}

function stretchAt(packets: Packets, at: number): PacketStretch {
  const { startBytes, endBytes, counts, tableBytes, tableSteps, widthBytes, config } = packets;
  return {
    fromByte: startBytes[at] as number,
    toByte: endBytes[at] as number,
    count: counts[at] as number,
    tableByte: tableBytes[at] as number,
    tableStep: tableSteps[at] as number,
    widthBytes,
    config,
  };
}

/** Why an index cannot be one, in words; null where it keeps its invariants. */
export function faultOf(index: SoundIndex, sizeBytes: number): string | null {
  if (index.runs.length === 0) return "no sound";
  if (new Set(index.runs.map(({ sampleRate }) => sampleRate)).size > MAX_RATES) return "too many rates";
  for (const run of index.runs) {
    const fault = runFault(run, sizeBytes);
    if (fault) return fault;
  }
  return null;
}

const MAX_CHANNELS = 64;
/** Each takes a table for its conversion. */
const MAX_RATES = 4;
/** What stands between two points is decoded at once: an Ogg page of Opus can hold half a minute, and no coder needs so many bytes. */
const MAX_POINT_SEC = 32;
const MAX_POINT_BYTES = 64 * 2 ** 20;
/** 32 s of AAC at 96 kHz. */
const MAX_POINT_PACKETS = 3_000;
/** A packet of a fragmented MP4 is told by four numbers at most. */
const MAX_TABLE_STEP = 16;

function runFault(run: CodedRun, sizeBytes: number): string | null {
  const { pointBytes, pointFrames, packets, codedFrames, primingFrames, lengthFrames } = run;
  if (!(run.sampleRate >= 3_000 && run.sampleRate <= 384_000)) return `a rate of ${run.sampleRate} Hz`;
  if (!(run.channels >= 1 && run.channels <= MAX_CHANNELS)) return `${run.channels} channels`;
  if (pointFrames.length === 0 || pointFrames.length !== pointBytes.length) return "no points";
  if ((run.kind === "pcm") !== (run.pcm !== null)) return "no layout";
  const packetsFault = packets && packetsFaultOf(packets, sizeBytes);
  if (packetsFault) return packetsFault;
  const limit = packets ? packets.counts.length : sizeBytes;
  if (!(run.endByte <= limit) || pointFrames[0] !== 0) return "an end beyond the file";
  for (let at = 0; at < pointFrames.length; at++) {
    const last = at + 1 === pointFrames.length;
    const nextByte = last ? run.endByte : (pointBytes[at + 1] as number);
    const nextFrame = last ? codedFrames : (pointFrames[at + 1] as number);
    if (!((pointBytes[at] as number) >= 0) || !((pointBytes[at] as number) < nextByte))
      return "points out of order";
    const frames = nextFrame - (pointFrames[at] as number);
    if (!(frames > 0)) return "frames out of order";
    if (frames > MAX_POINT_SEC * run.sampleRate) return "points too far apart";
    if (!packets && nextByte - (pointBytes[at] as number) > MAX_POINT_BYTES) return "points too far apart";
    if (packets && packetCount(packets, pointBytes[at] as number, nextByte) > MAX_POINT_PACKETS)
      return "points too far apart";
  }
  if (!(primingFrames >= 0) || !(lengthFrames >= 1)) return "no sound";
  return primingFrames + lengthFrames <= codedFrames ? null : "more sound than is coded";
}

function packetsFaultOf(packets: Packets, sizeBytes: number): string | null {
  const { startBytes, counts, tableSteps, widthBytes } = packets;
  const columns = [startBytes, packets.endBytes, packets.tableBytes, tableSteps];
  if (columns.some(({ length }) => length !== counts.length)) return "packets without a place";
  if (![1, 2, 4].includes(widthBytes)) return "packets of unknown size";
  for (let at = 0; at < counts.length; at++) {
    const { fromByte, toByte, count, tableByte, tableStep } = stretchAt(packets, at);
    if (!(fromByte >= 0) || !(fromByte < toByte) || !(toByte <= sizeBytes)) return "a packet beyond the file";
    if (!(count >= 1) || !(toByte - fromByte <= count * MAX_PACKET_BYTES)) return "packets of unknown size";
    if (tableStep === 0) {
      if ((toByte - fromByte) % count !== 0) return "packets of unknown size";
      continue;
    }
    const isStep = tableStep >= widthBytes && tableStep <= MAX_TABLE_STEP;
    const tableEnd = tableByte + (count - 1) * tableStep + widthBytes;
    if (!isStep || !(tableByte >= 0) || !(tableEnd <= sizeBytes)) return "sizes beyond the file";
  }
  return null;
}

function packetCount({ counts }: Packets, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) count += counts[at] as number;
  return count;
}
