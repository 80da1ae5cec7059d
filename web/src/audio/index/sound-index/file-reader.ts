// A file that is read in steps, so that what walks through it never holds more than a few of them. Bytes of the file.

import type { Bytes } from "../../../lib/index.ts";

/** A file to read from: a File, or pieces in a store. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Exactly the bytes from `fromByte` to before `toByte`, 0 ≤ fromByte ≤ toByte ≤ sizeBytes. Rejects FileError. */
  readonly read: (fromByte: number, toByte: number) => Promise<Bytes>;
}

export const STEP_BYTES = 1 << 20;

/**
 * A window over the file that moves on as it is read. `await ensure(at, count)` first; then `bytes[at - base]` can be read for
 * those `count` bytes, as far as the file goes. Without waiting where they are there already: ask `has` in tight loops.
 */
export class FileReader {
  readonly sizeBytes: number;
  /** What is there of the file, from byte `base` on. */
  bytes: Bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  base = 0;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
    this.sizeBytes = source.sizeBytes;
  }

  /** Whether the bytes from `at` on are there, `count` of them or to the end of the file. */
  has(at: number, count: number): boolean {
    return at >= this.base && Math.min(at + count, this.sizeBytes) <= this.base + this.bytes.length;
  }

  async ensure(at: number, count: number): Promise<void> {
    if (this.has(at, count)) return;
    const fromByte = Math.min(Math.max(0, at), this.sizeBytes);
    const toByte = Math.min(this.sizeBytes, fromByte + Math.max(count, STEP_BYTES));
    this.bytes = await this.#source.read(fromByte, toByte);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.base = fromByte;
  }

  /** A copy of bytes of the file; fewer where it ends before. */
  async copy(fromByte: number, toByte: number): Promise<Bytes> {
    await this.ensure(fromByte, toByte - fromByte);
    return this.bytes.slice(fromByte - this.base, toByte - this.base);
  }
}

/** Gathers points about a second apart: `offer` each place where a decoder could begin. */
export class PointGatherer {
  readonly #bytes: number[] = [];
  readonly #frames: number[] = [];
  readonly #apartFrames: number;

  constructor(sampleRate: number) {
    this.#apartFrames = sampleRate;
  }

  offer(byte: number, frame: number): void {
    const last = this.#frames.at(-1);
    if (last !== undefined && frame - last < this.#apartFrames) return;
    this.#bytes.push(byte);
    this.#frames.push(frame);
  }

  get pointBytes(): Float64Array {
    return Float64Array.from(this.#bytes);
  }

  get pointFrames(): Float64Array {
    return Float64Array.from(this.#frames);
  }
}
