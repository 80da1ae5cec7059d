// The head of an MP4 (moov): its first sound track if that is AAC-LC, its packets, and what is cut off at both ends. Pure.

import type { Bytes } from "../../../lib/index.ts";
import { boxesIn } from "../length/mp4.ts";
import { type Chunk, isAt, nameAt, uint64, viewOf } from "../length/reading.ts";
import { MAX_DURATION_SEC } from "./limits.ts";
import { type AacConfig, aacConfigOf } from "./mp4-aac.ts";

export const PACKET_FRAMES = 1_024;
/** Of a day at 48 kHz. */
export const MAX_PACKETS = Math.ceil((MAX_DURATION_SEC * 48_000) / PACKET_FRAMES);

/** Where packets are, each with its size. */
export interface PacketPlaces {
  readonly starts: number[];
  readonly sizes: number[];
  /** Byte of the file where a packet's size stands; NaN where a size is that of many. */
  readonly sizeBytes: number[];
  /** Of one size in the file. */
  readonly widthBytes: number;
}

export interface Film extends AacConfig {
  readonly trackId: number;
  /** Ticks a second: of the sound's media, and of edits. */
  readonly timescale: number;
  readonly movieTimescale: number;
  /** Fragments add theirs. */
  readonly packets: PacketPlaces;
  /** The media's duration; 0 where it is not known. */
  mediaTicks: number;
  /** When the first packet begins, of a recording that was cut from a longer one. */
  firstTicks: number;
  /** How much later the last fragment said to be than the packets before it are long; null before the first. */
  offsetSec: number | null;
  readonly edit: Edit;
  readonly gapless: Gapless | null;
  /** What packets have in fragments that do not say it; null where this head tells of all. */
  readonly fragments: PacketDefaults | null;
}

/** The stretch of the media that is the song; a duration of 0 goes to the end. */
interface Edit {
  readonly startTicks: number;
  /** Of the film. */
  readonly durationTicks: number;
}

interface Gapless {
  readonly primingFrames: number;
  readonly lengthFrames: number;
}

export interface PacketDefaults {
  readonly durationTicks: number;
  readonly sizeBytes: number;
}

/** `moov` without its header, which begins at byte `moovByte` of the file. Null where it holds no sound that can be indexed. */
export function filmOf(moov: Bytes, moovByte: number): Film | null {
  const film = { name: "moov", start: 0, end: moov.length };
  const trak = boxesIn(moov, 0, moov.length).find((box) => box.name === "trak" && isSound(moov, box));
  const [mvhd, tkhd] = [boxIn(moov, film, "mvhd"), trak && boxIn(moov, trak, "tkhd")];
  const [mdhd, stbl] = [
    trak && boxIn(moov, trak, "mdia", "mdhd"),
    trak && boxIn(moov, trak, "mdia", "minf", "stbl"),
  ];
  if (!trak || !mvhd || !tkhd || !mdhd || !stbl) return null;
  const view = viewOf(moov);
  const aac = aacConfigOf(moov, boxIn(moov, stbl, "stsd"));
  const edit = editOf(view, boxIn(moov, trak, "edts", "elst"), timescaleOf(view, mvhd));
  const trackId = view.getUint32(tkhd.start + (view.getUint8(tkhd.start) === 1 ? 20 : 12));
  const fragments = boxIn(moov, film, "mvex") && defaultsOf(moov, film, trackId);
  const packets = packetsOf(moov, stbl, moovByte, fragments !== null);
  if (!aac || !edit || !packets || !(timescaleOf(view, mdhd) > 0)) return null;
  return {
    ...aac,
    packets,
    trackId,
    timescale: timescaleOf(view, mdhd),
    movieTimescale: timescaleOf(view, mvhd),
    mediaTicks: fragments ? 0 : durationOf(view, mdhd),
    firstTicks: 0,
    offsetSec: null,
    edit,
    gapless: gaplessOf(moov, film),
    fragments,
  };
}

const isSound = (moov: Bytes, trak: Chunk): boolean => {
  const handler = boxIn(moov, trak, "mdia", "hdlr");
  return handler !== null && nameAt(moov, handler.start + 8) === "soun";
};

export function boxIn(bytes: Bytes, around: Chunk, ...path: readonly string[]): Chunk | null {
  let box: Chunk | undefined = around;
  for (const name of path)
    box = box && boxesIn(bytes, box.start, box.end).find((inner) => inner.name === name);
  return box ?? null;
}

/** mvhd and mdhd: version, flags, two dates, timescale, duration; version 1 has dates and duration in 64 bits. */
const timescaleOf = (view: DataView, { start }: Chunk): number =>
  view.getUint32(start + (view.getUint8(start) === 1 ? 20 : 12));
const durationOf = (view: DataView, { start }: Chunk): number =>
  view.getUint8(start) === 1 ? uint64(view, start + 24) : view.getUint32(start + 16);

/** Of each track there is a box that says what its fragments leave out. */
function defaultsOf(moov: Bytes, film: Chunk, trackId: number): PacketDefaults {
  const view = viewOf(moov);
  const mvex = boxIn(moov, film, "mvex");
  const trex = boxesIn(moov, mvex?.start ?? 0, mvex?.end ?? 0).find(
    ({ name, start }) => name === "trex" && view.getUint32(start + 4) === trackId,
  );
  return trex
    ? { durationTicks: view.getUint32(trex.start + 12), sizeBytes: view.getUint32(trex.start + 16) }
    : { durationTicks: 0, sizeBytes: 0 };
}

const MAX_SILENCE_SEC = 0.1;
const PLAIN_RATE = 0x10000;
const MAX_EDITS = 100;

/** One edit, perhaps after an empty one that moves it by less than anyone hears. Null for whatever else is done. */
function editOf(view: DataView, elst: Chunk | null, movieTimescale: number): Edit | null {
  const whole = { startTicks: 0, durationTicks: 0 };
  if (!elst) return whole;
  const isLong = view.getUint8(elst.start) === 1;
  const count = view.getUint32(elst.start + 4);
  if (count === 0) return whole;
  if (count > MAX_EDITS || !(movieTimescale > 0)) return null;
  let silentTicks = 0;
  for (let index = 0; index < count; index++) {
    const at = elst.start + 8 + index * (isLong ? 20 : 12);
    if (at + (isLong ? 20 : 12) > elst.end) return null;
    const durationTicks = isLong ? uint64(view, at) : view.getUint32(at);
    const startTicks = isLong ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
    if (startTicks >= 0) {
      const isPlain = index + 1 === count && view.getUint32(at + (isLong ? 16 : 8)) === PLAIN_RATE;
      return isPlain && silentTicks / movieTimescale <= MAX_SILENCE_SEC
        ? { startTicks, durationTicks }
        : null;
    }
    silentTicks += durationTicks;
  }
  return null;
}

const MAX_SMPB_CHARS = 200;

/** iTunes writes hexadecimal numbers into a free-form tag: zero, priming, padding, length. */
function gaplessOf(moov: Bytes, film: Chunk): Gapless | null {
  const meta = boxIn(moov, film, "udta", "meta");
  // A full box in MP4; QuickTime, and programs that followed it, leave the version out.
  const isBare = meta !== null && isAt(moov, meta.start + 4, "hdlr");
  const list = meta && boxIn(moov, { ...meta, start: meta.start + (isBare ? 0 : 4) }, "ilst");
  for (const item of list ? boxesIn(moov, list.start, list.end) : []) {
    if (item.name !== "----") continue;
    const [name, data] = [boxIn(moov, item, "name"), boxIn(moov, item, "data")];
    if (!name || !data || !isAt(moov, name.start + 4, "iTunSMPB")) continue;
    const text = moov.subarray(data.start + 8, Math.min(data.end, data.start + 8 + MAX_SMPB_CHARS));
    const [, priming, , length] = String.fromCharCode(...text)
      .trim()
      .split(/\s+/)
      .map((digits) => Number.parseInt(digits, 16));
    return priming !== undefined && priming >= 0 && length !== undefined && length > 0
      ? { primingFrames: priming, lengthFrames: length }
      : null;
  }
  return null;
}

const PLAIN_WIDTH_BYTES = 4;

/** Sizes of all, chunks of some of them, and where each chunk is. Null where these tables do not fit each other. */
function packetsOf(moov: Bytes, stbl: Chunk, moovByte: number, mayBeEmpty: boolean): PacketPlaces | null {
  const view = viewOf(moov);
  const boxes = boxesIn(moov, stbl.start, stbl.end);
  const table = (...names: string[]): Chunk | undefined => boxes.find(({ name }) => names.includes(name));
  const [told, groups, chunks] = [table("stsz", "stz2"), table("stsc"), table("stco", "co64")];
  const packets = told
    ? sizesOf(view, told, moovByte)
    : { sizes: [], sizeBytes: [], widthBytes: PLAIN_WIDTH_BYTES };
  if (!packets || (packets.sizes.length === 0 && !mayBeEmpty)) return null;
  const { sizes, sizeBytes, widthBytes } = packets;
  if (sizes.length === 0) return { starts: [], sizes, sizeBytes, widthBytes: PLAIN_WIDTH_BYTES };
  if (!groups || !chunks) return null;
  const starts = startsOf(view, groups, chunks, sizes);
  const count = starts?.length ?? 0;
  return starts && { starts, sizes: sizes.slice(0, count), sizeBytes: sizeBytes.slice(0, count), widthBytes };
}

/** Sizes of half a byte, which no sound has, are not read. */
function sizesOf(
  view: DataView,
  { name, start, end }: Chunk,
  moovByte: number,
): Omit<PacketPlaces, "starts"> | null {
  const count = view.getUint32(start + 8);
  const widthBytes = name === "stz2" ? view.getUint8(start + 7) / 8 : PLAIN_WIDTH_BYTES;
  const common = name === "stz2" ? 0 : view.getUint32(start + 4);
  if (count > MAX_PACKETS || (common === 0 && count * widthBytes > end - start - 12)) return null;
  if (common > 0) {
    const sizeBytes = new Array<number>(count).fill(Number.NaN);
    return { sizes: new Array<number>(count).fill(common), sizeBytes, widthBytes };
  }
  const sizeAt: Readonly<Record<number, (at: number) => number>> = {
    1: (at) => view.getUint8(at),
    2: (at) => view.getUint16(at),
    4: (at) => view.getUint32(at),
  };
  const read = sizeAt[widthBytes];
  if (!read) return null;
  const places = Array.from({ length: count }, (_, packet) => start + 12 + packet * widthBytes);
  return { sizes: places.map(read), sizeBytes: places.map((at) => moovByte + at), widthBytes };
}

/** Of chunks in groups: the first chunk of each group, packets a chunk, and the number of their description. */
function startsOf(view: DataView, groups: Chunk, chunks: Chunk, sizes: readonly number[]): number[] | null {
  const width = chunks.name === "co64" ? 8 : 4;
  const chunkCount = view.getUint32(chunks.start + 4);
  const groupCount = view.getUint32(groups.start + 4);
  if (chunkCount * width > chunks.end - chunks.start - 8) return null;
  if (groupCount === 0 || groupCount * 12 > groups.end - groups.start - 8) return null;
  const groupAt = (group: number): number => groups.start + 8 + 12 * group;
  const starts: number[] = [];
  for (let chunk = 0, group = 0; chunk < chunkCount && starts.length < sizes.length; chunk++) {
    while (group + 1 < groupCount && view.getUint32(groupAt(group + 1)) <= chunk + 1) group += 1;
    if (view.getUint32(groupAt(group) + 8) !== 1) return null;
    const last = Math.min(sizes.length, starts.length + view.getUint32(groupAt(group) + 4));
    let at = chunks.start + 8 + width * chunk;
    at = width === 8 ? uint64(view, at) : view.getUint32(at);
    while (starts.length < last) at += sizes[starts.push(at) - 1] ?? 0;
  }
  return starts;
}
