// Adds up what sounds side by side on the line: lanes, each a stretch of one sound at a place of its own. Frames of the line and of
// sounds, both at the context's rate, fractional. Pure; runs in render.worker.ts.
//
// Each lane is interpolated for itself, as if its sound were alone in the world, together with what the filters ring beyond its
// ends. All of that is linear, so that two sounds cut from one add up to what the uncut one would have been.

import type { Role } from "../role.ts";
import { type FrameSource, placeAt, type RunRenderer, renderFaded, renderRun } from "./resample.ts";
import type { Run, Segment } from "./segment-track.ts";

export interface LanePlace {
  readonly sourceId: string;
  /** What of the sound is played: a channel only of one that has it. */
  readonly role: Role;
  /** The context's. */
  readonly sampleRate: number;
  /** The frame of the line where the sound's frame 0 lies. */
  readonly originFrame: number;
  readonly startFrame: number;
  /** Of the line: an equal-power fade from `startFrame` on, with silence before it. 0: the sound goes as far back as it goes. */
  readonly fadeInFrames: number;
  /** Of the line: an equal-power fade until `endFrame`, with silence behind it. 0: the sound goes on to its own end. */
  readonly fadeOutFrames: number;
  readonly endFrame: number;
  /** Null at the song's own tempo; else frames of the sound are those of the stretched one. */
  readonly stretch: StretchPlace | null;
}

/** One of a sound's stretched versions. */
export interface StretchPlace {
  /** Per cent. */
  readonly tempo: number;
  readonly sampleRate: number;
  /** Where the song's beginning lies in its source, as the anchor says. */
  readonly offsetFrames: number;
}

/** What sounds where a segment lies, and where it fades from. */
export interface LanesUnder {
  readonly lanes: readonly LanePlace[];
  readonly lanesBefore: readonly LanePlace[];
}

export interface MixedLane {
  readonly place: LanePlace;
  readonly source: FrameSource;
}

/** Output of one segment: one array per channel of the lane that has most, and one of silence where there is none. */
export function renderLanes(
  segment: Segment,
  lanes: readonly MixedLane[],
  lanesBefore: readonly MixedLane[],
): Float32Array<ArrayBuffer>[] {
  const counts = [...lanes, ...lanesBefore].map(({ source }) => source.channelCount);
  const channelCount = Math.max(1, ...counts);
  const renderer =
    (mixed: readonly MixedLane[]): RunRenderer =>
    (run, frames) =>
      mix(mixed, run, frames, channelCount);
  return renderFaded(segment, renderer(lanes), renderer(lanesBefore), isOtherRole(lanes, lanesBefore));
}

/** The same sound in another role. */
const isOtherRole = (lanes: readonly MixedLane[], lanesBefore: readonly MixedLane[]): boolean =>
  lanes.some(({ place }) =>
    lanesBefore.some(({ place: before }) => before.sourceId === place.sourceId && before.role !== place.role),
  );

function mix(
  lanes: readonly MixedLane[],
  run: Run,
  frames: number,
  channelCount: number,
): Float32Array<ArrayBuffer>[] {
  let sum: Float32Array<ArrayBuffer>[] | null = null;
  for (const { place, source } of lanes) {
    const position = run.position - place.originFrame;
    const sound = renderRun(widened(source, channelCount), { ...run, position }, frames);
    fade(place, run, sound);
    if (sum) for (const [channel, total] of sum.entries()) add(sound[channel] as Float32Array, total);
    else sum = sound; // as it is: a lane alone is not touched by a sum
  }
  return sum ?? Array.from({ length: channelCount }, () => new Float32Array(frames));
}

/** Mono beside stereo sounds on both sides. */
const widened = (source: FrameSource, channelCount: number): FrameSource => ({
  channelCount,
  read: (channel, from, length) =>
    source.channelCount > 0
      ? source.read(Math.min(channel, source.channelCount - 1), from, length)
      : new Float32Array(length),
});

function add(sound: Float32Array, total: Float32Array): void {
  for (let frame = 0; frame < total.length; frame++) {
    total[frame] = (total[frame] as number) + (sound[frame] as number);
  }
}

function fade(place: LanePlace, run: Run, channels: readonly Float32Array[]): void {
  const { startFrame, fadeInFrames, fadeOutFrames, endFrame } = place;
  const frames = channels[0]?.length ?? 0;
  const isFadingIn = fadeInFrames > 0 && run.position < startFrame + fadeInFrames;
  const isFadingOut = fadeOutFrames > 0 && placeAt(run, frames) > endFrame - fadeOutFrames;
  if (!isFadingIn && !isFadingOut) return;
  for (let frame = 0; frame < frames; frame++) {
    const at = placeAt(run, frame);
    const rise = fadeInFrames > 0 ? share((at - startFrame) / fadeInFrames) : 1;
    const fall = fadeOutFrames > 0 ? share((endFrame - at) / fadeOutFrames) : 1;
    const gain = Math.sin((rise * Math.PI) / 2) * Math.sin((fall * Math.PI) / 2);
    if (gain === 1) continue;
    for (const channel of channels) channel[frame] = (channel[frame] as number) * gain;
  }
}

const share = (value: number): number => Math.min(1, Math.max(0, value));
