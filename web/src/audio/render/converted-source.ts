// A source at another sample rate, converted as it is read. Pure.

import { ChunkedSource } from "./chunked-source.ts";
import { RateConverter } from "./rate-converter.ts";
import type { FrameSource } from "./resample.ts";

const CHUNK_FRAMES = 8_192;

export class ConvertedSource extends ChunkedSource {
  readonly #source: FrameSource;
  readonly #converter: RateConverter;
  /** How many frames of the source one frame takes. */
  readonly #step: number;

  constructor(source: FrameSource, fromRate: number, toRate: number) {
    super(CHUNK_FRAMES);
    this.#source = source;
    this.#converter = new RateConverter(fromRate, toRate);
    this.#step = fromRate / toRate;
  }

  get channelCount(): number {
    return this.#source.channelCount;
  }

  protected make(from: number): Float32Array[] {
    const reach = this.#converter.reachFrames + 2;
    const begin = Math.floor(from * this.#step) - reach;
    const length = Math.ceil(CHUNK_FRAMES * this.#step) + 2 * reach;
    return Array.from({ length: this.channelCount }, (_, channel) =>
      this.#converter.convert(this.#source.read(channel, begin, length), begin, from, from + CHUNK_FRAMES),
    );
  }
}
