// The slices of a song on the output's frames: which frames come from which slice, at whatever rate its runs are. Pure.

import { type CodedRun, type SoundIndex, sliceCountOf, sliceOf } from "../index/sound-index/sound-index.ts";
import { RateConverter } from "../render/rate-converter.ts";
import type { SliceWork } from "../render/slice-work.ts";
import { BLEND_FRAMES } from "./slice-align.ts";

export interface GridSlice {
  readonly run: CodedRun;
  readonly work: SliceWork;
}

export interface SliceGrid {
  readonly outputRate: number;
  /** Of the whole song. Its slices reach beyond that by what the converters' filters ring. */
  readonly frames: number;
  /** In the order in which they sound; none is empty. */
  readonly slices: readonly GridSlice[];
}

/**
 * A slice's sound goes to shortly before its end: what an output frame reaches of the slice behind lies in that one's lead-in,
 * as does the blend where an engine decodes noise differently each time.
 */
export function makeGrid(index: SoundIndex, outputRate: number): SliceGrid {
  const slices: GridSlice[] = [];
  let outputStart = 0;
  index.runs.forEach((run, runNumber) => {
    const { sampleRate, primingFrames, lengthFrames } = run;
    const converter = new RateConverter(sampleRate, outputRate);
    const heldFrames = converter.reachFrames + BLEND_FRAMES;
    const outputAt = (songFrame: number): number =>
      outputStart + converter.outputFrameAt(Math.min(lengthFrames, Math.max(0, songFrame)));
    const count = sliceCountOf(run);
    for (let number = 0; number < count; number++) {
      const { leadInFrame, fromFrame, toFrame } = sliceOf(run, number);
      const isLast = number === count - 1;
      const begin = number === 0 ? 0 : fromFrame - primingFrames - heldFrames;
      const outputFrom = outputAt(begin);
      const outputTo = outputAt(isLast ? lengthFrames : toFrame - primingFrames - heldFrames);
      if (outputFrom >= outputTo) continue; // nothing but priming, or padding
      slices.push({
        run,
        work: {
          run: runNumber,
          number,
          leadInFrame,
          fromFrame,
          toFrame,
          isLast,
          sampleRate,
          primingFrames,
          lengthFrames,
          outputRate,
          outputStart,
          outputFrom,
          outputTo,
        },
      });
    }
    outputStart += converter.outputFrameAt(lengthFrames);
  });
  ringOut(slices);
  return { outputRate, frames: outputStart, slices };
}

/** What a converter's filter makes of the song's ends beyond them: it adds up with that of a song that was cut from the same sound. */
function ringOut(slices: GridSlice[]): void {
  const [first, last] = [slices[0], slices.at(-1)];
  if (!first || !last) return;
  const ringing = ({ work: { sampleRate, outputRate } }: GridSlice): number =>
    Math.ceil((new RateConverter(sampleRate, outputRate).reachFrames * outputRate) / sampleRate);
  const outputFrom = first.work.outputFrom - ringing(first);
  slices[0] = { ...first, work: { ...first.work, outputFrom } };
  const lastWork = (slices.at(-1) as GridSlice).work;
  slices[slices.length - 1] = { ...last, work: { ...lastWork, outputTo: lastWork.outputTo + ringing(last) } };
}

/** The slice that holds an output frame, by bisection; the first or the last where it lies outside. */
export function sliceNumberAt({ slices }: SliceGrid, frame: number): number {
  let low = 0;
  let high = slices.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((slices[middle] as GridSlice).work.outputFrom <= frame) low = middle;
    else high = middle - 1;
  }
  return low;
}
