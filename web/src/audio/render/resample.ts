// Renders segments from decoded sound: windowed-sinc interpolation at an arbitrary ratio near 1, with the fades mixed in.
// Pure arithmetic on frames; runs in render.worker.ts. Bit-exact copy where the run is whole frames at ratio 1.

import type { Run, Segment } from "./segment-track.ts";

/** 32 taps, Kaiser β = 9: images below −80 dB up to 0.42 of the sample rate (20 kHz at 48 kHz). */
const TAPS = 32;
const KAISER_BETA = 9;
/** Table steps between two frames; linear interpolation between neighbours leaves −100 dB. */
const PHASES = 512;

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
  const half = TAPS / 2;
  const halfStep = run.ratioStep / 2;
  for (let i = 0; i < output.length; i++) {
    const at = run.position + i * (run.ratio + i * halfStep);
    const whole = Math.floor(at);
    const phase = (at - whole) * PHASES;
    const row = Math.floor(phase);
    const blend = phase - row;
    const first = whole - half + 1;
    const start = row * TAPS;
    let sum = 0;
    if (first >= 0 && first + TAPS <= channel.length) {
      for (let tap = 0; tap < TAPS; tap++) {
        const low = table[start + tap] as number;
        const high = table[start + TAPS + tap] as number;
        sum += (channel[first + tap] as number) * (low + blend * (high - low));
      }
    } else if (first + TAPS > 0 && first < channel.length) {
      for (let tap = 0; tap < TAPS; tap++) {
        const low = table[start + tap] as number;
        const high = table[start + TAPS + tap] as number;
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

/** PHASES + 1 rows of TAPS weights; each row sums to 1, so that a constant stays constant. */
function makeTable(): Float32Array {
  const half = TAPS / 2;
  const rows = new Float32Array((PHASES + 1) * TAPS);
  for (let row = 0; row <= PHASES; row++) {
    const fraction = row / PHASES;
    const weights = Array.from({ length: TAPS }, (_, tap) => {
      const distance = tap - (half - 1) - fraction;
      return sinc(distance) * kaiser(distance / half);
    });
    const sum = weights.reduce((total, weight) => total + weight, 0);
    weights.forEach((weight, tap) => {
      rows[row * TAPS + tap] = weight / sum;
    });
  }
  return rows;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel0(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel0(KAISER_BETA);
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
