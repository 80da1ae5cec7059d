// Renders segments from decoded sound: windowed-sinc interpolation at an arbitrary ratio near 1, with the fades mixed in.
// Pure arithmetic on frames; runs in render.worker.ts. Bit-exact copy where the run is whole frames at ratio 1.

import {
  RESAMPLER_KAISER_BETA,
  RESAMPLER_PHASES,
  RESAMPLER_TAPS,
} from "../../protocol/constants/audio.gen.ts";
import type { Run, Segment } from "./segment-track.ts";

/** Output of one segment, one array per channel of `source`. Outside of the file there is silence. */
export function renderSegment(
  source: readonly Float32Array[],
  segment: Segment,
): Float32Array<ArrayBuffer>[] {
  return source.map((channel) => {
    const output = new Float32Array(segment.frames);
    renderRun(channel, segment, output);
    if (segment.fadeFrom) mixFade(channel, segment.fadeFrom, output);
    if (segment.isLast) fadeOut(output);
    return output;
  });
}

/** Writes `output.length` frames of the run. */
export function renderRun(channel: Float32Array, run: Run, output: Float32Array): void {
  if (run.ratio === 1 && run.ratioStep === 0 && Number.isInteger(run.position)) {
    for (let i = 0; i < output.length; i++) output[i] = channel[run.position + i] ?? 0;
    return;
  }
  const half = RESAMPLER_TAPS / 2;
  const halfStep = run.ratioStep / 2;
  for (let i = 0; i < output.length; i++) {
    const at = run.position + i * (run.ratio + i * halfStep);
    const whole = Math.floor(at);
    const phase = (at - whole) * RESAMPLER_PHASES;
    const row = Math.floor(phase);
    const blend = phase - row;
    const first = whole - half + 1;
    const start = row * RESAMPLER_TAPS;
    let sum = 0;
    if (first >= 0 && first + RESAMPLER_TAPS <= channel.length) {
      for (let tap = 0; tap < RESAMPLER_TAPS; tap++) {
        const low = table[start + tap] as number;
        const high = table[start + RESAMPLER_TAPS + tap] as number;
        sum += (channel[first + tap] as number) * (low + blend * (high - low));
      }
    } else if (first + RESAMPLER_TAPS > 0 && first < channel.length) {
      for (let tap = 0; tap < RESAMPLER_TAPS; tap++) {
        const low = table[start + tap] as number;
        const high = table[start + RESAMPLER_TAPS + tap] as number;
        sum += (channel[first + tap] ?? 0) * (low + blend * (high - low));
      }
    }
    output[i] = sum;
  }
}

/** Equal-power crossfade from the earlier run (or silence) into what `output` holds. */
function mixFade(channel: Float32Array, fade: NonNullable<Segment["fadeFrom"]>, output: Float32Array): void {
  const frames = Math.min(fade.frames, output.length);
  const before = new Float32Array(frames);
  if (fade.run) renderRun(channel, fade.run, before);
  for (let i = 0; i < frames; i++) {
    const angle = ((i + 0.5) / frames) * (Math.PI / 2);
    output[i] = (output[i] as number) * Math.sin(angle) + (before[i] as number) * Math.cos(angle);
  }
}

function fadeOut(output: Float32Array): void {
  for (let i = 0; i < output.length; i++) {
    output[i] = (output[i] as number) * Math.cos(((i + 0.5) / output.length) * (Math.PI / 2));
  }
}

/** RESAMPLER_PHASES + 1 rows of RESAMPLER_TAPS weights; each row sums to 1, so that a constant stays constant. */
function makeTable(): Float32Array {
  const half = RESAMPLER_TAPS / 2;
  const rows = new Float32Array((RESAMPLER_PHASES + 1) * RESAMPLER_TAPS);
  for (let row = 0; row <= RESAMPLER_PHASES; row++) {
    const fraction = row / RESAMPLER_PHASES;
    const weights = Array.from({ length: RESAMPLER_TAPS }, (_, tap) => {
      const distance = tap - (half - 1) - fraction;
      return sinc(distance) * kaiser(distance / half);
    });
    const sum = weights.reduce((total, weight) => total + weight, 0);
    weights.forEach((weight, tap) => {
      rows[row * RESAMPLER_TAPS + tap] = weight / sum;
    });
  }
  return rows;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

function kaiser(x: number): number {
  return Math.abs(x) >= 1
    ? 0
    : bessel0(RESAMPLER_KAISER_BETA * Math.sqrt(1 - x * x)) / bessel0(RESAMPLER_KAISER_BETA);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-16; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

const table = makeTable();
