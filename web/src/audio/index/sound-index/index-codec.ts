// A sound index as bytes, to be sent beside its file: numbers of seven bits a byte, differences of what rises, all of it deflated.
// What arrives was written by a stranger: it is bounded before and while it unfolds, and then checked like any index.

import type { Bytes } from "../../../lib/index.ts";
import { INDEX_VERSION } from "../../../protocol/constants/transfer.gen.ts";
import { MAX_PREFIX_BYTES, MAX_RUNS } from "./limits.ts";
import {
  type CodedRun,
  faultOf,
  type Packets,
  type PcmLayout,
  type SliceKind,
  type SoundIndex,
} from "./sound-index.ts";

const KINDS: readonly SliceKind[] = [
  "mp3",
  "adts",
  "flac",
  "ogg-vorbis",
  "ogg-opus",
  "ogg-flac",
  "webm",
  "pcm",
];
const ENCODINGS: readonly PcmLayout["encoding"][] = ["integer", "unsigned", "float", "a-law", "mu-law"];
/** As many points as there may be take a tenth of it; a film whose sound lies between its pictures takes more. */
const MAX_UNFOLDED_BYTES = 1_000_000;
const MAX_CONFIG_BYTES = 64;

/** A version byte and what it says, deflated. Resolves to null where it is too large, or the browser cannot deflate. */
export async function encodeIndex(index: SoundIndex): Promise<Bytes | null> {
  const unfolded = written(index);
  if (unfolded.length > MAX_UNFOLDED_BYTES) return null;
  const folded = await through("compress", unfolded, MAX_UNFOLDED_BYTES);
  if (!folded) return null;
  const bytes = new Uint8Array(1 + folded.length);
  bytes[0] = INDEX_VERSION;
  bytes.set(folded, 1);
  return bytes;
}

/** Whether both say the same; their deflated bytes may differ, as browsers deflate each in its way. */
export function isSameIndex(one: SoundIndex, other: SoundIndex): boolean {
  const [left, right] = [written(one), written(other)];
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

function written(index: SoundIndex): Bytes {
  const writer = new Writer();
  writer.number(index.runs.length);
  for (const run of index.runs) writeRun(writer, run);
  return writer.bytes;
}

/** Whether it may be an index of a layout that is known here: cheap, for whoever hands it on. */
export const isIndexLike = (bytes: Uint8Array): boolean => bytes.length > 1 && bytes[0] === INDEX_VERSION;

/** Null for anything that cannot be an index of a file of this size. */
export async function decodeIndex(bytes: Bytes, sizeBytes: number): Promise<SoundIndex | null> {
  if (!isIndexLike(bytes)) return null;
  const unfolded = await through("decompress", bytes.subarray(1), MAX_UNFOLDED_BYTES);
  if (!unfolded) return null;
  try {
    const reader = new Reader(unfolded);
    const count = reader.number(MAX_RUNS);
    const index = { runs: Array.from({ length: count }, () => readRun(reader)) };
    return reader.isAtEnd && faultOf(index, sizeBytes) === null ? index : null;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
}

function writeRun(writer: Writer, run: CodedRun): void {
  writer.number(KINDS.indexOf(run.kind));
  for (const value of [
    run.sampleRate,
    run.channels,
    run.codedFrames,
    run.primingFrames,
    run.lengthFrames,
    run.endByte,
  ]) {
    writer.number(value);
  }
  writer.block(run.prefix);
  writer.number(run.pointBytes.length);
  writer.rising(run.pointBytes);
  writer.rising(run.pointFrames);
  writer.number(run.packets ? 1 : 0);
  if (run.packets) writePackets(writer, run.packets);
  if (!run.pcm) return;
  const { encoding, sampleBytes, bits, isLittleEndian, mask } = run.pcm;
  for (const value of [ENCODINGS.indexOf(encoding), sampleBytes, bits, isLittleEndian ? 1 : 0, mask])
    writer.number(value);
}

function readRun(reader: Reader): CodedRun {
  const kind = pick(KINDS, reader.number());
  const [sampleRate, channels, codedFrames] = [reader.number(), reader.number(), reader.number()];
  const [primingFrames, lengthFrames, endByte] = [reader.number(), reader.number(), reader.number()];
  const prefix = reader.block(MAX_PREFIX_BYTES);
  const points = reader.number(reader.leftBytes);
  const pointBytes = reader.rising(points);
  const pointFrames = reader.rising(points);
  const packets = reader.number(1) === 1 ? readPackets(reader) : null;
  const pcm = kind === "pcm" ? readPcm(reader) : null;
  return {
    ...{ kind, sampleRate, channels, codedFrames, primingFrames, lengthFrames, endByte },
    ...{ prefix, pointBytes, pointFrames, packets, pcm },
  };
}

/**
 * A stretch mostly begins where the one before ends, in the file and in the table. Column by column, as what is alike deflates best
 * side by side.
 */
function writePackets(writer: Writer, packets: Packets): void {
  const { startBytes, endBytes, counts, tableBytes, tableSteps, widthBytes, config } = packets;
  writer.block(config);
  writer.number(widthBytes);
  writer.number(counts.length);
  for (const count of counts) writer.number(count);
  for (const step of tableSteps) writer.number(step);
  startBytes.forEach((start, at) => {
    writer.number((endBytes[at] as number) - start);
  });
  startBytes.forEach((start, at) => {
    writer.difference(start - (endBytes[at - 1] ?? 0));
  });
  tableBytes.forEach((byte, at) => {
    writer.difference(byte - tableEndOf(packets, at - 1));
  });
}

function readPackets(reader: Reader): Packets {
  const config = reader.block(MAX_CONFIG_BYTES);
  if (config.length < 2) throw new RangeError("no configuration");
  const widthBytes = reader.number(4);
  const count = reader.number(reader.leftBytes);
  const column = (max: number): number[] => Array.from({ length: count }, () => reader.number(max));
  const counts = Uint32Array.from(column(2 ** 32 - 1));
  const tableSteps = Uint8Array.from(column(255));
  const endBytes = Float64Array.from(column(Number.MAX_SAFE_INTEGER)); // their lengths, at first
  const startBytes = new Float64Array(count);
  const tableBytes = new Float64Array(count);
  const packets = { startBytes, endBytes, counts, tableBytes, tableSteps, widthBytes, config };
  for (let at = 0; at < count; at++) {
    startBytes[at] = (endBytes[at - 1] ?? 0) + reader.difference();
    endBytes[at] = (endBytes[at] as number) + (startBytes[at] as number);
  }
  for (let at = 0; at < count; at++) tableBytes[at] = tableEndOf(packets, at - 1) + reader.difference();
  return packets;
}

/** Where the table of a stretch ends; 0 before the first. */
const tableEndOf = ({ counts, tableBytes, tableSteps }: Packets, at: number): number =>
  (tableBytes[at] ?? 0) + (counts[at] ?? 0) * (tableSteps[at] ?? 0);

function readPcm(reader: Reader): PcmLayout {
  const encoding = pick(ENCODINGS, reader.number());
  const sampleBytes = reader.number(8);
  const bits = reader.number(64);
  const isLittleEndian = reader.number(1) === 1;
  if (sampleBytes === 0 || bits === 0) throw new RangeError("samples of no size");
  return { encoding, sampleBytes, bits, isLittleEndian, mask: reader.number(2 ** 32 - 1) };
}

function pick<Value>(values: readonly Value[], at: number): Value {
  const value = values[at];
  if (value === undefined) throw new RangeError("a kind that nobody knows");
  return value;
}

class Writer {
  #buffer: Bytes = new Uint8Array(1_024);
  #length = 0;

  get bytes(): Bytes {
    return this.#buffer.subarray(0, this.#length);
  }

  number(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#byte((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.#byte(rest);
  }

  /** The sign in the lowest bit. */
  difference(value: number): void {
    this.number(value >= 0 ? 2 * value : -2 * value - 1);
  }

  rising(values: Float64Array): void {
    values.forEach((value, at) => {
      this.number(value - (at === 0 ? 0 : (values[at - 1] as number)));
    });
  }

  block(bytes: Uint8Array): void {
    this.number(bytes.length);
    for (const byte of bytes) this.#byte(byte);
  }

  #byte(byte: number): void {
    if (this.#length === this.#buffer.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer[this.#length++] = byte;
  }
}

/** RangeError for what is cut off or beyond its bounds. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get leftBytes(): number {
    return this.#bytes.length - this.#at;
  }

  get isAtEnd(): boolean {
    return this.leftBytes === 0;
  }

  number(max = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError("cut off");
      value += (byte & 127) * unit;
      if (!(value <= max)) throw new RangeError("beyond its bounds");
      if (byte < 128) return value;
      unit *= 128;
    }
  }

  difference(): number {
    const value = this.number();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  rising(count: number): Float64Array {
    const values = new Float64Array(count);
    let last = 0;
    for (let at = 0; at < count; at++) {
      last += this.number();
      values[at] = last;
    }
    return values;
  }

  block(maxBytes: number): Bytes {
    const length = this.number(Math.min(maxBytes, this.leftBytes));
    this.#at += length;
    return new Uint8Array(this.#bytes.slice(this.#at - length, this.#at));
  }
}

/** Null for what does not unfold, for more than `maxBytes` of it, and where the browser has no such streams. */
async function through(
  way: "compress" | "decompress",
  bytes: Bytes,
  maxBytes: number,
): Promise<Bytes | null> {
  try {
    const stream =
      way === "compress" ? new CompressionStream("deflate-raw") : new DecompressionStream("deflate-raw");
    const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > maxBytes) {
        await reader.cancel();
        return null;
      }
      parts.push(value);
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  } catch {
    return null;
  }
}
