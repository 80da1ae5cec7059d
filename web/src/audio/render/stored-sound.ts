// Decoded sound of one source in the render Worker: all of it, or the stretches around the place that plays. Pure.

import type { FrameSource } from "./resample.ts";
import { type PlacedSlice, placeSlice, type SliceWork, type Tail } from "./slice-work.ts";

type Channels = readonly Float32Array<ArrayBuffer>[];

interface Stretch {
  readonly fromFrame: number;
  readonly channels: Channels;
}

/** Slices of so many runs may be worked on in turn. */
const MAX_TAILS = 4;

export class StoredSound implements FrameSource {
  #stretches: Stretch[] = [];
  /** Of the latest slice of each run. */
  readonly #tails = new Map<number, Tail>();
  channelCount = 0;

  put(fromFrame: number, channels: Channels): void {
    this.drop(fromFrame);
    this.#stretches.push({ fromFrame, channels });
    this.channelCount = Math.max(this.channelCount, channels.length);
  }

  drop(fromFrame: number): void {
    this.#stretches = this.#stretches.filter((stretch) => stretch.fromFrame !== fromFrame);
  }

  take(work: SliceWork, decoded: Channels): PlacedSlice {
    const placed = placeSlice(work, decoded, this.#tails.get(work.run) ?? null);
    this.#tails.delete(work.run);
    this.#tails.set(work.run, placed.tail);
    if (this.#tails.size > MAX_TAILS)
      for (const [run] of [...this.#tails].slice(0, 1)) this.#tails.delete(run);
    this.put(work.outputFrom, placed.channels);
    return placed;
  }

  read(channel: number, from: number, length: number): Float32Array {
    for (const { fromFrame, channels } of this.#stretches) {
      const there = channels[Math.min(channel, channels.length - 1)];
      if (there && from >= fromFrame && from + length <= fromFrame + there.length)
        return there.subarray(from - fromFrame, from - fromFrame + length);
    }
    const gathered = new Float32Array(length);
    for (const { fromFrame, channels } of this.#stretches) {
      // A run in mono beside one in stereo sounds on both sides.
      const there = channels[Math.min(channel, channels.length - 1)];
      const begin = Math.max(from, fromFrame);
      const end = Math.min(from + length, fromFrame + (there?.length ?? 0));
      if (there && begin < end)
        gathered.set(there.subarray(begin - fromFrame, end - fromFrame), begin - from);
    }
    return gathered;
  }
}
