// The output of a browser that hides the exact time: both of its clocks, local and audio, are told in steps of 16.7 to 100 ms,
// up or down at random in Firefox. One pair says nothing then, but the mean of many taken at all places in a step does: the
// loudspeaker stands where the mean reading of the local clock says, as the offset of global time does
// (clock/offset-estimator.ts). Pure.

import type { OutputSample } from "./output-clock.ts";

/**
 * Fifteen steps of 16.7 ms: their mean scatters by 2 ms. The line stands on five of these, and its level on sixteen; it finds a
 * stream that underran after five, where blocks of half a second took 3 s.
 */
const BLOCK_MS = 250;

export class AveragedOutput {
  #sinceLocalMs: number | null = null;
  #local = 0;
  #audio = 0;
  #count = 0;

  /** Takes a sample as often as one likes; returns their mean at the end of each block. */
  add(sample: OutputSample): readonly OutputSample[] {
    this.#sinceLocalMs ??= sample.localMs;
    if (sample.localMs - this.#sinceLocalMs < BLOCK_MS) {
      this.#local += sample.localMs;
      this.#audio += sample.audioSec;
      this.#count += 1;
      return [];
    }
    const mean = { localMs: this.#local / this.#count, audioSec: this.#audio / this.#count };
    this.#sinceLocalMs = sample.localMs;
    this.#local = sample.localMs;
    this.#audio = sample.audioSec;
    this.#count = 1;
    return [mean];
  }
}
