// Where a short piece of sound lies in a longer one, and whether it might as well lie elsewhere: normalised correlation at every
// lag, by Fourier transform. Pure. Lags are frames from the beginning of the longer one.

import { SAME_ANCHOR_PLACE_SEC } from "../../protocol/constants/audio.gen.ts";
import { fft, powerOfTwoFrom } from "../fft.ts";

export interface Peak {
  /** Between two frames by a parabola. */
  readonly lag: number;
  /** Normalised correlation there, up to 1. */
  readonly score: number;
  /** The best one elsewhere: behind a valley, and so far away that it would be heard. */
  readonly rivalScore: number;
}

/** null where nothing fits, or best at either end, where what follows is not known. */
export function findPlace(here: Float64Array, wanted: Float64Array, sampleRate: number): Peak | null {
  const scores = correlate(here, wanted);
  const at = (lag: number): number => scores[lag] ?? 0;
  let top = 0;
  for (let lag = 1; lag < scores.length; lag++) if (at(lag) > at(top)) top = lag;
  if (at(top) <= 0 || top === 0 || top === scores.length - 1) return null;
  const curvature = at(top - 1) - 2 * at(top) + at(top + 1);
  const between = curvature < 0 ? (0.5 * (at(top - 1) - at(top + 1))) / curvature : 0;
  let [low, high] = [top - 1, top + 1];
  while (low > 0 && at(low - 1) <= at(low)) low--;
  while (high < scores.length - 1 && at(high + 1) <= at(high)) high++;
  const near = Math.round(SAME_ANCHOR_PLACE_SEC * sampleRate);
  let rivalScore = 0;
  for (let lag = 0; lag < scores.length; lag++) {
    const isElsewhere = lag < Math.min(low, top - near) || lag > Math.max(high, top + near);
    if (isElsewhere) rivalScore = Math.max(rivalScore, at(lag));
  }
  return { lag: top + between, score: at(top), rivalScore };
}

function correlate(here: Float64Array, wanted: Float64Array): Float64Array {
  const products = crossCorrelate(here, wanted);
  const wantedEnergy = wanted.reduce((sum, value) => sum + value * value, 0);
  let energy = 0;
  for (let i = 0; i < wanted.length; i++) energy += (here[i] as number) ** 2;
  for (let lag = 0; lag < products.length; lag++) {
    (products[lag] as number) /= Math.sqrt(Math.max(1e-9, energy * wantedEnergy));
    energy += (here[lag + wanted.length] ?? 0) ** 2 - (here[lag] as number) ** 2;
  }
  return products;
}

/** Both are real, so one transform takes both: `here` as its real part, `wanted` as its imaginary one. */
function crossCorrelate(here: Float64Array, wanted: Float64Array): Float64Array {
  const length = powerOfTwoFrom(here.length);
  const real = new Float64Array(length);
  const imaginary = new Float64Array(length);
  real.set(here);
  imaginary.set(wanted);
  fft(real, imaginary);
  for (let bin = 0; bin <= length / 2; bin++) {
    const mirror = (length - bin) % length;
    const [a, b] = [real[bin] as number, imaginary[bin] as number];
    const [c, d] = [real[mirror] as number, imaginary[mirror] as number];
    const [hereReal, hereImaginary] = [(a + c) / 2, (b - d) / 2];
    const [wantedReal, wantedImaginary] = [(b + d) / 2, (c - a) / 2];
    const productReal = hereReal * wantedReal + hereImaginary * wantedImaginary;
    const productImaginary = hereImaginary * wantedReal - hereReal * wantedImaginary;
    [real[bin], imaginary[bin]] = [productReal, productImaginary];
    [real[mirror], imaginary[mirror]] = [productReal, -productImaginary];
  }
  fft(real, imaginary, true);
  return real.subarray(0, here.length - wanted.length + 1).map((value) => value / length);
}
