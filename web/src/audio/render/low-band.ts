// What lies below 120 Hz of a sound (rule P88), in the very place where it was: each frame is a weighted sum of those on both sides of it,
// so that nothing is delayed, and depends on nothing else, so that it is the same from wherever reading began. By Fourier transforms of
// blocks of a fixed grid, two channels at a time. Pure; runs in render.worker.ts.

import { LOW_CUTOFF_HZ, LOW_KAISER_BETA } from "../../protocol/constants/audio.gen.ts";
import { ChunkedSource } from "./chunked-source.ts";
import { Fourier } from "./fourier.ts";
import { lowReachFrames } from "./low-reach.ts";
import type { FrameSource } from "./resample.ts";
import { WindowedSinc } from "./windowed-sinc.ts";

/** Four fifths of it are new at 48 kHz; shorter blocks overlap by more, longer ones leave the processor's cache. */
const BLOCK_FRAMES = 16_384;

/** From as many frames before a frame as reach to it, less one, to as many behind it, and a last one that is 0. They sum to 1. */
export const lowWeights = (sampleRate: number): Float64Array =>
  new WindowedSinc(2 * lowReachFrames(sampleRate), LOW_CUTOFF_HZ / sampleRate, LOW_KAISER_BETA).weights(0);

export class LowBand extends ChunkedSource {
  readonly #source: FrameSource;
  readonly #reach: number;
  readonly #response: Float64Array;

  constructor(source: FrameSource, sampleRate: number) {
    const reach = lowReachFrames(sampleRate);
    super(BLOCK_FRAMES - 2 * reach);
    this.#source = source;
    this.#reach = reach;
    this.#response = responseAt(sampleRate);
  }

  get channelCount(): number {
    return this.#source.channelCount;
  }

  protected make(from: number): Float32Array[] {
    const begin = from - this.#reach;
    const end = BLOCK_FRAMES - this.#reach;
    const made: Float32Array[] = [];
    for (let left = 0; left < this.channelCount; left += 2) {
      // The weights are the same for both, and symmetric: two channels go through as the parts of one complex number.
      const real = new Float64Array(this.#source.read(left, begin, BLOCK_FRAMES));
      const hasRight = left + 1 < this.channelCount;
      const imaginary = hasRight
        ? new Float64Array(this.#source.read(left + 1, begin, BLOCK_FRAMES))
        : new Float64Array(BLOCK_FRAMES);
      fourier.transform(real, imaginary);
      for (let bin = 0; bin < BLOCK_FRAMES; bin++) {
        const gain = this.#response[bin] as number;
        real[bin] = (real[bin] as number) * gain;
        imaginary[bin] = (imaginary[bin] as number) * gain;
      }
      fourier.inverse(real, imaginary);
      made.push(new Float32Array(real.subarray(this.#reach, end)));
      if (hasRight) made.push(new Float32Array(imaginary.subarray(this.#reach, end)));
    }
    return made;
  }
}

const fourier = new Fourier(BLOCK_FRAMES);

/** A context has one rate. */
let latestRate = 0;
let latestResponse = new Float64Array(0);

/** Of each bin, divided by the block's length as the inverse transform is not. It is real: the weights are the same on both sides. */
function responseAt(sampleRate: number): Float64Array {
  if (sampleRate === latestRate) return latestResponse;
  const weights = lowWeights(sampleRate);
  const middle = weights.length / 2 - 1;
  const response = new Float64Array(BLOCK_FRAMES);
  weights.forEach((weight, tap) => {
    response[(tap - middle + BLOCK_FRAMES) % BLOCK_FRAMES] = weight / BLOCK_FRAMES;
  });
  fourier.transform(response, new Float64Array(BLOCK_FRAMES));
  latestRate = sampleRate;
  latestResponse = response;
  return response;
}
