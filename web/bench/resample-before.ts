// The segment renderer's kernel as it was up to decision 0038, unchanged: what bench/resample.ts measures the present one against.

import type { Run } from "../src/audio/render/segment-track.ts";

const TAPS = 32;
const KAISER_BETA = 9;
const PHASES = 512;

/** Writes `output.length` frames of the run. */
export function renderBefore(channel: Float32Array, run: Run, output: Float32Array): void {
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
