// From a decoded slice to frames at the context's rate: put in its place by its end and its overlap with the slice before, cut to
// the song, converted on a grid that all slices share, so that they join bit-exactly. Pure; runs in render.worker.ts.

import { alignSlice, crossfade, TAIL_FRAMES } from "../decode/slice-align.ts";
import { RateConverter } from "./rate-converter.ts";

export interface SliceWork {
  /** Of the song, and of the run among its slices. */
  readonly run: number;
  readonly number: number;
  /** Coded frames of the run: of the lead-in's first, of the slice's first, and one past its last. */
  readonly leadInFrame: number;
  readonly fromFrame: number;
  readonly toFrame: number;
  readonly isLast: boolean;
  readonly sampleRate: number;
  readonly primingFrames: number;
  /** Of the run without its priming and its padding. */
  readonly lengthFrames: number;
  readonly outputRate: number;
  /** Output frame at which the run begins. */
  readonly outputStart: number;
  /** Output frames that come from this slice; at least those of `slice-grid.ts`. */
  readonly outputFrom: number;
  readonly outputTo: number;
}

type Channels = readonly Float32Array<ArrayBuffer>[];

export interface Tail {
  readonly number: number;
  readonly channels: Channels;
}

export interface PlacedSlice {
  readonly channels: Channels;
  readonly isConfirmed: boolean;
  /** For the slice behind this one. */
  readonly tail: Tail;
}

/** `before`: the tail of the slice before, where it is known. */
export function placeSlice(work: SliceWork, decoded: Channels, before: Tail | null): PlacedSlice {
  const { number, primingFrames, lengthFrames, outputStart, outputFrom, outputTo, toFrame, isLast } = work;
  const tailBefore = before?.number === number - 1 ? before.channels : null;
  const aligned = alignSlice(work, decoded, tailBefore, isLast);
  const { firstFrame } = aligned;
  const isConfirmed = !tailBefore || aligned.isConfirmed;
  crossfade(work, decoded, aligned, tailBefore);
  const converter = converterOf(work.sampleRate, work.outputRate);
  // Before the song's first frame and behind its last there is silence, whatever the coder left there.
  const begin = Math.max(0, primingFrames - firstFrame);
  const end = Math.max(begin, primingFrames + lengthFrames - firstFrame);
  const channels = decoded.map((channel) => {
    const song = channel.subarray(begin, end);
    return converter.convert(
      song,
      firstFrame + begin - primingFrames,
      outputFrom - outputStart,
      outputTo - outputStart,
    );
  });
  const tailEnd = toFrame - firstFrame;
  const tail = decoded.map((channel) =>
    channel.slice(Math.max(0, tailEnd - TAIL_FRAMES), Math.max(0, tailEnd)),
  );
  return { channels, isConfirmed, tail: { number, channels: tail } };
}

let latest: RateConverter | null = null;
let latestRates = "";

/** Its table takes some ms to make, and a song needs one. */
function converterOf(fromRate: number, toRate: number): RateConverter {
  const rates = `${fromRate} ${toRate}`;
  if (!latest || latestRates !== rates) latest = new RateConverter(fromRate, toRate);
  latestRates = rates;
  return latest;
}
