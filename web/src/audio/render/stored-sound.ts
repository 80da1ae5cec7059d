// Decoded sound of one source in the render Worker: all of it, or the stretches around the place that plays. Pure.

import type { ChannelName } from "../role.ts";
import { insteadOf } from "../role-part.ts";
import type { FrameSource } from "./resample.ts";
import { type PlacedSlice, placeSlice, type SliceWork, type Tail } from "./slice-work.ts";

type Channels = readonly Float32Array<ArrayBuffer>[];

interface Stretch {
  readonly fromFrame: number;
  /** What all devices play: one channel, or left and right. */
  readonly channels: Channels;
  readonly isolated: Isolated | null;
}

/** A channel of a file with many, by itself. */
interface Isolated {
  readonly name: ChannelName;
  readonly frames: Float32Array;
}

/** Left and right; what is isolated lies behind them. */
const MIXED = 2;

/** Slices of so many runs may be worked on in turn. */
const MAX_TAILS = 4;

export class StoredSound implements FrameSource {
  #stretches: Stretch[] = [];
  /** Of the latest slice of each run, and what is isolated in it. */
  readonly #tails = new Map<number, Tail & { readonly isolated: ChannelName | null }>();
  /** Without what is isolated. */
  channelCount = 0;

  /** `isolated`: what the third of the channels is, where there are three. */
  put(fromFrame: number, channels: Channels, isolated: ChannelName | null = null): void {
    this.drop(fromFrame);
    const mixed = channels.slice(0, MIXED);
    const frames = channels[MIXED];
    const part = isolated && frames ? { name: isolated, frames } : null;
    this.#stretches.push({ fromFrame, channels: mixed, isolated: part });
    this.channelCount = Math.max(this.channelCount, mixed.length);
  }

  drop(fromFrame: number): void {
    this.#stretches = this.#stretches.filter((stretch) => stretch.fromFrame !== fromFrame);
  }

  take(work: SliceWork, decoded: Channels, isolated: ChannelName | null = null): PlacedSlice {
    const before = this.#tails.get(work.run);
    // Of another channel there is nothing to compare with, and nothing to blend.
    const tail =
      before && before.isolated !== isolated
        ? { ...before, channels: before.channels.slice(0, MIXED) }
        : (before ?? null);
    const placed = placeSlice(work, decoded, tail);
    this.#tails.delete(work.run);
    this.#tails.set(work.run, { ...placed.tail, isolated });
    if (this.#tails.size > MAX_TAILS)
      for (const [run] of [...this.#tails].slice(0, 1)) this.#tails.delete(run);
    this.put(work.outputFrom, placed.channels, isolated);
    return placed;
  }

  read(channel: number, from: number, length: number): Float32Array {
    // A run in mono beside one in stereo sounds on both sides.
    return this.#gather(from, length, ({ channels }, begin, end) =>
      channels[Math.min(channel, channels.length - 1)]?.subarray(begin, end),
    );
  }

  /** Where a stretch does not have the channel, what stands for it: of both sides what they have in common. */
  readIsolated(name: ChannelName, from: number, length: number): Float32Array {
    const side = insteadOf(name);
    return this.#gather(from, length, ({ channels, isolated }, begin, end) => {
      if (isolated?.name === name) return isolated.frames.subarray(begin, end);
      const [left, right = left] = channels.map((channel) => channel.subarray(begin, end));
      if (side === "left" || !left || !right) return left;
      return side === "right" ? right : left.map((frame, at) => (frame + (right[at] as number)) / 2);
    });
  }

  /** `framesOf`: of a stretch, counted from its own first frame. */
  #gather(
    from: number,
    length: number,
    framesOf: (stretch: Stretch, begin: number, end: number) => Float32Array | undefined,
  ): Float32Array {
    for (const stretch of this.#stretches) {
      const { fromFrame } = stretch;
      const lasts = stretch.channels[0]?.length ?? 0;
      const isWhole = from >= fromFrame && from + length <= fromFrame + lasts;
      const there = isWhole ? framesOf(stretch, from - fromFrame, from - fromFrame + length) : undefined;
      if (there) return there;
    }
    const gathered = new Float32Array(length);
    for (const stretch of this.#stretches) {
      const { fromFrame } = stretch;
      const begin = Math.max(from, fromFrame);
      const end = Math.min(from + length, fromFrame + (stretch.channels[0]?.length ?? 0));
      const there = begin < end ? framesOf(stretch, begin - fromFrame, end - fromFrame) : undefined;
      if (there) gathered.set(there, begin - from);
    }
    return gathered;
  }
}
