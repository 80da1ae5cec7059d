// A source that is reckoned from another one in chunks of a fixed grid as it is read, of which the latest are kept. Pure.

import type { FrameSource } from "./resample.ts";

/** Enough for what a stretch reads around one place. */
const KEPT_CHUNKS = 6;

export abstract class ChunkedSource implements FrameSource {
  readonly #chunkFrames: number;
  readonly #chunks = new Map<number, Float32Array[]>();

  constructor(chunkFrames: number) {
    this.#chunkFrames = chunkFrames;
  }

  abstract get channelCount(): number;

  /** All channels from frame `from` on, as many frames as a chunk has. */
  protected abstract make(from: number): Float32Array[];

  read(channel: number, from: number, length: number): Float32Array {
    const frames = new Float32Array(length);
    for (let at = from; at < from + length; ) {
      const begin = Math.floor(at / this.#chunkFrames) * this.#chunkFrames;
      const chunk = this.#chunkAt(begin)[channel];
      const end = Math.min(from + length, begin + this.#chunkFrames);
      if (chunk) frames.set(chunk.subarray(at - begin, end - begin), at - from);
      at = end;
    }
    return frames;
  }

  /** The sound is another one now. */
  clear(): void {
    this.#chunks.clear();
  }

  #chunkAt(begin: number): Float32Array[] {
    const kept = this.#chunks.get(begin);
    this.#chunks.delete(begin);
    const chunk = kept?.length === this.channelCount ? kept : this.make(begin);
    this.#chunks.set(begin, chunk);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size > KEPT_CHUNKS) this.#chunks.delete(oldest);
    }
    return chunk;
  }
}
