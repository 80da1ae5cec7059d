// A sound as one role plays it (rules P87 to P89): its own channels, one of them, what is low in them, all but that. What is reckoned of it
// is reckoned of the sound at its place, whatever lane it lies in. Pure; runs in render.worker.ts.

import type { ChannelName, Role } from "../role.ts";
import type { LowBand } from "./low-band.ts";
import type { FrameSource } from "./resample.ts";
import type { StoredSound } from "./stored-sound.ts";

/** Behind left and right. */
const ISOLATED = 2;

/** `makeLow` is called where the role needs it. `source` is `withIsolated` where the role is a channel. */
export function partOf(source: FrameSource, role: Role, makeLow: () => LowBand): FrameSource {
  switch (role) {
    case "all":
      return source;
    case "left":
      return oneOf(source, () => 0);
    case "right":
      return oneOf(source, () => Math.min(1, source.channelCount - 1));
    case "low":
      return makeLow();
    case "without-low":
      return withoutLow(source, makeLow());
    default:
      return oneOf(source, () => ISOLATED);
  }
}

/** Left, right, and a channel of the file by itself. */
export const withIsolated = (stored: StoredSound, channel: ChannelName): FrameSource => ({
  channelCount: ISOLATED + 1,
  read: (at, from, length) =>
    at === ISOLATED ? stored.readIsolated(channel, from, length) : stored.read(at, from, length),
});

/** One channel sounds from all loudspeakers of a device alike. */
const oneOf = (source: FrameSource, channel: () => number): FrameSource => ({
  channelCount: 1,
  read: (_, from, length) =>
    source.channelCount > 0 ? source.read(channel(), from, length) : new Float32Array(length),
});

const withoutLow = (source: FrameSource, low: FrameSource): FrameSource => ({
  get channelCount() {
    return source.channelCount;
  },
  read(channel, from, length) {
    const rest = new Float32Array(source.read(channel, from, length));
    const taken = low.read(channel, from, length);
    for (let frame = 0; frame < length; frame++) {
      rest[frame] = (rest[frame] as number) - (taken[frame] as number);
    }
    return rest;
  },
});
