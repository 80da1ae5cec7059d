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
/** Three hours of M4A with a size for each packet are 1.4 MB. */
const MAX_UNFOLDED_BYTES = 4_000_000;
const MAX_CONFIG_BYTES = 64;

/** A version byte and what it says, deflated. Resolves to null where the browser cannot deflate. */
export async function encodeIndex(index: SoundIndex): Promise<Bytes | null> {
  const writer = new Writer();
  writer.number(index.runs.length);
  for (const run of index.runs) writeRun(writer, run);
  const folded = await through("compress", writer.bytes, MAX_UNFOLDED_BYTES);
  if (!folded) return null;
  const bytes = new Uint8Array(1 + folded.length);
  bytes[0] = INDEX_VERSION;
  bytes.set(folded, 1);
  return bytes;
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

/** A packet mostly begins where the one before ends. */
function writePackets(writer: Writer, { startBytes, sizeBytes, config }: Packets): void {
  writer.block(config);
  writer.number(sizeBytes.length);
  let end = 0;
  for (let at = 0; at < sizeBytes.length; at++) {
    const start = startBytes[at] as number;
    const size = sizeBytes[at] as number;
    writer.number(start >= end ? 2 * (start - end) : 2 * (end - start) - 1);
    writer.number(size);
    end = start + size;
  }
}

function readPackets(reader: Reader): Packets {
  const config = reader.block(MAX_CONFIG_BYTES);
  if (config.length < 2) throw new RangeError("no configuration");
  const count = reader.number(reader.leftBytes);
  const startBytes = new Float64Array(count);
  const sizeBytes = new Uint32Array(count);
  let end = 0;
  for (let at = 0; at < count; at++) {
    const moved = reader.number();
    const start = moved % 2 === 0 ? end + moved / 2 : end - (moved + 1) / 2;
    if (start < 0) throw new RangeError("a packet before the file");
    startBytes[at] = start;
    sizeBytes[at] = reader.number(2 ** 32 - 1);
    end = start + (sizeBytes[at] as number);
  }
  return { startBytes, sizeBytes, config };
}

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
