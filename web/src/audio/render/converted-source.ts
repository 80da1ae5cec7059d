// A source at another sample rate, converted in chunks as it is read, of which the latest are kept. Pure.

import { RateConverter } from "./rate-converter.ts";
import type { FrameSource } from "./resample.ts";

const CHUNK_FRAMES = 8_192;
/** Enough for what a stretch reads around one place. */
const KEPT_CHUNKS = 6;

export class ConvertedSource implements FrameSource {
  readonly #source: FrameSource;
  readonly #converter: RateConverter;
  /** How many frames of the source one frame takes. */
  readonly #step: number;
  readonly #chunks = new Map<number, Float32Array[]>();

  constructor(source: FrameSource, fromRate: number, toRate: number) {
    this.#source = source;
    this.#converter = new RateConverter(fromRate, toRate);
    this.#step = fromRate / toRate;
  }

  get channelCount(): number {
    return this.#source.channelCount;
  }

  read(channel: number, from: number, length: number): Float32Array {
    const frames = new Float32Array(length);
    for (let at = from; at < from + length; ) {
      const number = Math.floor(at / CHUNK_FRAMES);
      const chunk = this.#chunkAt(number)[channel];
      const end = Math.min(from + length, (number + 1) * CHUNK_FRAMES);
      if (chunk)
        frames.set(chunk.subarray(at - number * CHUNK_FRAMES, end - number * CHUNK_FRAMES), at - from);
      at = end;
    }
    return frames;
  }

  /** The sound is another one now. */
  clear(): void {
    this.#chunks.clear();
  }

  #chunkAt(number: number): Float32Array[] {
    const kept = this.#chunks.get(number);
    this.#chunks.delete(number);
    const chunk = kept?.length === this.channelCount ? kept : this.#convert(number * CHUNK_FRAMES);
    this.#chunks.set(number, chunk);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size > KEPT_CHUNKS) this.#chunks.delete(oldest);
    }
    return chunk;
  }

  #convert(from: number): Float32Array[] {
    const reach = this.#converter.reachFrames + 2;
    const begin = Math.floor(from * this.#step) - reach;
    const length = Math.ceil(CHUNK_FRAMES * this.#step) + 2 * reach;
    return Array.from({ length: this.channelCount }, (_, channel) =>
      this.#converter.convert(this.#source.read(channel, begin, length), begin, from, from + CHUNK_FRAMES),
    );
  }
}
