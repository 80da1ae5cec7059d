// How loud sound is in each twentieth of a second, to look at: a lamp that glows, a picture of the song. Pure.

import type { FrameSource } from "./resample.ts";

/** Fine enough to follow a drum. */
export const LEVELS_PER_SEC = 20;
/** All samples tell no more than so many that lie evenly among them. */
const SAMPLES_PER_LEVEL = 300;

/** The first level that begins at or after a frame. */
export const levelAt = (frame: number, sampleRate: number): number =>
  Math.ceil((frame * LEVELS_PER_SEC) / sampleRate);

/** Root mean square, 0 to 1, of each twentieth that begins from `fromFrame` to before `toFrame`; cut off at `toFrame`. */
export function levelsOf(
  source: FrameSource,
  fromFrame: number,
  toFrame: number,
  sampleRate: number,
): Float32Array<ArrayBuffer> {
  const first = levelAt(fromFrame, sampleRate);
  const levels = new Float32Array(Math.max(0, levelAt(toFrame, sampleRate) - first));
  const levelFrames = sampleRate / LEVELS_PER_SEC;
  const step = Math.max(1, Math.floor(levelFrames / SAMPLES_PER_LEVEL));
  for (let at = 0; at < levels.length; at++) {
    const begin = Math.ceil((first + at) * levelFrames);
    const end = Math.min(toFrame, Math.ceil((first + at + 1) * levelFrames));
    let [sum, count] = [0, 0];
    for (let channel = 0; channel < source.channelCount; channel++) {
      const samples = source.read(channel, begin, end - begin);
      for (let frame = 0; frame < samples.length; frame += step) sum += (samples[frame] as number) ** 2;
      count += Math.ceil(samples.length / step);
    }
    levels[at] = count > 0 ? Math.sqrt(sum / count) : 0;
  }
  return levels;
}
