// Renders segments from decoded sound: windowed-sinc interpolation at an arbitrary ratio near 1, with the fades mixed in.
// Pure arithmetic on frames at the context's rate; runs in render.worker.ts. Bit-exact copy where the run is whole frames at
// ratio 1.

import {
  RESAMPLER_KAISER_BETA,
  RESAMPLER_PHASES,
  RESAMPLER_TAPS,
} from "../../protocol/constants/audio.gen.ts";
import type { Run, Segment } from "./segment-track.ts";
import { stretch, WindowedSinc } from "./windowed-sinc.ts";

/** Sound as it is read for rendering: it need not lie in one piece. */
export interface FrameSource {
  readonly channelCount: number;
  /** `length` frames of a channel from `from` on; silence where there is nothing. The result must not be altered. */
  read(channel: number, from: number, length: number): Float32Array;
}

/** Channels that lie in memory as they are. */
export function wholeSource(channels: readonly Float32Array[]): FrameSource {
  return {
    channelCount: channels.length,
    read: (channel, from, length) => stretch(channels[channel] ?? new Float32Array(0), from, length),
  };
}

/** The first so many output frames of a run, one array per channel. */
export type RunRenderer = (run: Run, frames: number) => Float32Array<ArrayBuffer>[];

/** Output of one segment, one array per channel of `source`. Outside of the file there is silence. */
export function renderSegment(source: FrameSource, segment: Segment): Float32Array<ArrayBuffer>[] {
  const render: RunRenderer = (run, frames) => renderRun(source, run, frames);
  return renderFaded(segment, render, render);
}

/**
 * `renderBefore` makes what the segment fades from; as many channels as `render`. `isAlike`: the one has much in common with the other,
 * frame by frame.
 */
export function renderFaded(
  segment: Segment,
  render: RunRenderer,
  renderBefore: RunRenderer,
  isAlike = false,
): Float32Array<ArrayBuffer>[] {
  const outputs = render(segment, segment.frames);
  if (segment.fadeFrom) mixFade(renderBefore, segment.fadeFrom, outputs, isAlike);
  if (segment.isLast) outputs.forEach(fadeOut);
  return outputs;
}

/** The first `frames` output frames of the run, one array per channel of `source`. */
export function renderRun(source: FrameSource, run: Run, frames: number): Float32Array<ArrayBuffer>[] {
  const channels = Array.from({ length: source.channelCount }, (_, channel) => channel);
  if (run.ratio === 1 && run.ratioStep === 0 && Number.isInteger(run.position)) {
    return channels.map((channel) => new Float32Array(source.read(channel, run.position, frames)));
  }
  // From here on places are small numbers, behind the run's first frame: those of a long song leave few digits for fractions.
  const whole = Math.floor(run.position);
  const near = { ...run, position: run.position - whole };
  const last = Math.floor(placeAt(near, Math.max(0, frames - 1)));
  const from = whole - RESAMPLER_TAPS / 2 + 1;
  const inputs = channels.map((channel) => source.read(channel, from, last + RESAMPLER_TAPS));
  const outputs = inputs.map(() => new Float32Array(frames));
  for (let left = 0; left < inputs.length; left += 2) {
    const right = Math.min(left + 1, inputs.length - 1);
    interpolate(
      near,
      inputs[left] as Float32Array,
      inputs[right] as Float32Array,
      outputs[left] as Float32Array,
      outputs[right] as Float32Array,
    );
  }
  return outputs;
}

/** Position of an output frame of the run. */
export const placeAt = (run: Run, frame: number): number =>
  run.position + frame * (run.ratio + frame * (run.ratioStep / 2));

/** Two channels at once, as the weights are the same for both. A channel alone is both of them. */
function interpolate(
  run: Run,
  left: Float32Array,
  right: Float32Array,
  leftOutput: Float32Array,
  rightOutput: Float32Array,
): void {
  const { low, step } = table;
  for (let i = 0; i < leftOutput.length; i++) {
    const place = placeAt(run, i);
    const whole = Math.floor(place);
    const phase = (place - whole) * RESAMPLER_PHASES;
    const row = Math.floor(phase);
    const blend = phase - row;
    const end = (row + 1) * RESAMPLER_TAPS;
    let evenLeft = 0;
    let evenRight = 0;
    let oddLeft = 0;
    let oddRight = 0;
    for (let at = row * RESAMPLER_TAPS, frame = whole; at < end; at += 2, frame += 2) {
      let weight = (low[at] as number) + blend * (step[at] as number);
      evenLeft += (left[frame] as number) * weight;
      evenRight += (right[frame] as number) * weight;
      weight = (low[at + 1] as number) + blend * (step[at + 1] as number);
      oddLeft += (left[frame + 1] as number) * weight;
      oddRight += (right[frame + 1] as number) * weight;
    }
    leftOutput[i] = evenLeft + oddLeft;
    rightOutput[i] = evenRight + oddRight;
  }
}

/**
 * Crossfade from the earlier run (or silence) into what `outputs` hold: of equal power, or, where they add up frame by frame, of equal
 * gain.
 */
function mixFade(
  render: RunRenderer,
  fade: NonNullable<Segment["fadeFrom"]>,
  outputs: readonly Float32Array[],
  isAlike: boolean,
): void {
  const frames = Math.min(fade.frames, outputs[0]?.length ?? 0);
  const before = fade.run ? render(fade.run, frames) : [];
  outputs.forEach((output, channel) => {
    for (let i = 0; i < frames; i++) {
      const share = (i + 0.5) / frames;
      const rise = isAlike ? share : Math.sin((share * Math.PI) / 2);
      const fall = isAlike ? 1 - share : Math.cos((share * Math.PI) / 2);
      output[i] = (output[i] as number) * rise + (before[channel]?.[i] ?? 0) * fall;
    }
  });
}

function fadeOut(output: Float32Array): void {
  for (let i = 0; i < output.length; i++) {
    output[i] = (output[i] as number) * Math.cos(((i + 0.5) / output.length) * (Math.PI / 2));
  }
}

/** RESAMPLER_PHASES rows of RESAMPLER_TAPS weights, and what each weight lacks to that of the row behind it. */
function makeTable(): { readonly low: Float32Array; readonly step: Float32Array } {
  const sinc = new WindowedSinc(RESAMPLER_TAPS, 0.5, RESAMPLER_KAISER_BETA);
  const low = new Float32Array(RESAMPLER_PHASES * RESAMPLER_TAPS);
  const step = new Float32Array(RESAMPLER_PHASES * RESAMPLER_TAPS);
  let weights = sinc.weights(0);
  for (let row = 0; row < RESAMPLER_PHASES; row++) {
    const next = sinc.weights((row + 1) / RESAMPLER_PHASES);
    low.set(weights, row * RESAMPLER_TAPS);
    step.set(
      next.map((weight, tap) => weight - (weights[tap] as number)),
      row * RESAMPLER_TAPS,
    );
    weights = next;
  }
  return { low, step };
}

const table = makeTable();
