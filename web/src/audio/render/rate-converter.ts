// Converts sound from one sample rate to another, between any two whole rates. Pure arithmetic on frames, outside of which it
// knows nothing; runs in render.worker.ts.
//
// The grid is global: output frame k lies at input frame k · from / to and depends on nothing but the input around it, so that
// pieces that were converted apart, by whomever, join to the bit. For this each output frame is one sum over the same weights
// in the same order, whatever else is converted beside it, and places are whole numbers, exact up to frame 2⁴⁰.

import {
  CONVERTER_KAISER_BETA,
  CONVERTER_MAX_WEIGHTS,
  CONVERTER_PASSBAND_HZ,
  CONVERTER_PASSBAND_SHARE,
  CONVERTER_PHASES,
  CONVERTER_TAPS_ABOVE,
  CONVERTER_TAPS_BELOW,
} from "../../protocol/constants/audio.gen.ts";
import { stretch, WindowedSinc } from "./windowed-sinc.ts";

export class RateConverter {
  /** Input frames that an output frame reaches to either side; 0 where rates are equal. */
  readonly reachFrames: number;
  readonly #filter: Filter | null;

  /** Throws `RangeError` unless both are whole numbers of Hz. */
  constructor(fromRate: number, toRate: number) {
    if (![fromRate, toRate].every((rate) => Number.isInteger(rate) && rate > 0)) {
      throw new RangeError(`no sample rates: ${fromRate}, ${toRate}`);
    }
    this.#filter = fromRate === toRate ? null : filterFor(fromRate, toRate);
    this.reachFrames = this.#filter ? this.#filter.taps / 2 : 0;
  }

  /** The first output frame at or after input frame `inputFrame`. */
  outputFrameAt(inputFrame: number): number {
    if (!this.#filter) return inputFrame;
    const { cycleIn, cycleOut } = this.#filter;
    const cycle = Math.floor(inputFrame / cycleIn);
    return cycle * cycleOut + Math.ceil(((inputFrame - cycle * cycleIn) * cycleOut) / cycleIn);
  }

  /**
   * Output frames `fromOutput` to before `toOutput`. input[0] is input frame `inputStart`; outside of it is silence. Returns a
   * new array.
   */
  convert(
    input: Float32Array,
    inputStart: number,
    fromOutput: number,
    toOutput: number,
  ): Float32Array<ArrayBuffer> {
    if (toOutput <= fromOutput) return new Float32Array(0);
    const filter = this.#filter;
    if (!filter) return new Float32Array(stretch(input, fromOutput - inputStart, toOutput - fromOutput));
    // Frames are made in twos, which begin at even frames.
    const from = fromOutput - (fromOutput & 1);
    const pairs = Math.ceil((toOutput - from) / 2);
    const cycle = Math.floor(from / filter.cycleOut);
    const first = (from - cycle * filter.cycleOut) / 2;
    const begin = cycle * filter.cycleIn + inputOffset(filter, 2 * first) - filter.taps / 2 + 1;
    const reach = inputOffset(filter, 2 * (first + pairs - 1)) - inputOffset(filter, 2 * first);
    const frames = stretch(input, begin - inputStart, reach + filter.window);
    const output = new Float32Array(2 * pairs);
    if (filter.isExact) convertExactly(filter, frames, first, output);
    else convertBetweenPhases(filter, frames, first, output);
    return 2 * pairs === toOutput - fromOutput ? output : output.slice(fromOutput - from, toOutput - from);
  }
}

/** The filter of a pair of rates. In a cycle input and output both advance by whole frames, the output by an even number. */
interface Filter {
  readonly cycleIn: number;
  readonly cycleOut: number;
  readonly taps: number;
  /** Input frames that a pair of output frames needs: that of the first, and by how much the second may lie further on. */
  readonly window: number;
  /** Whether there is a row of weights for each frame of a cycle; else there are `phases` + 1 rows between two input frames. */
  readonly isExact: boolean;
  readonly phases: number;
  /** Exact: for each pair, for each frame of its window, the first's weight and the second's. Else rows of `taps` weights. */
  readonly weights: Float32Array;
}

/** How far output frame `frame` lies behind frame 0 of its cycle, in input frames, rounded down. */
const inputOffset = ({ cycleIn, cycleOut }: Pick<Filter, "cycleIn" | "cycleOut">, frame: number): number =>
  Math.floor((frame * cycleIn) / cycleOut);

/** A weight that was read serves two pairs, a cycle apart, and a frame both of a pair: reading takes the time, not arithmetic. */
function convertExactly(filter: Filter, frames: Float32Array, first: number, output: Float32Array): void {
  const { cycleIn, cycleOut, window, weights } = filter;
  const pairs = output.length / 2;
  const cyclePairs = cycleOut / 2;
  // Not -x: a negative zero would make every index after it a float, at half the speed.
  let cycleAt = 0 - inputOffset(filter, 2 * first);
  for (let done = 0; done < pairs; done += 2 * cyclePairs) {
    for (let pair = done; pair < Math.min(pairs, done + cyclePairs); pair++) {
      const row = ((first + pair) % cyclePairs) * 2 * window;
      const at = cycleAt + inputOffset(filter, 2 * (first + pair - done));
      if (pair + cyclePairs < pairs)
        twoPairs(weights, row, window, frames, at, cycleIn, output, pair, cycleOut);
      else onePair(weights, row, window, frames, at, output, pair);
    }
    cycleAt += 2 * cycleIn;
  }
}

/**
 * Pair `pair`, whose window begins at `at`, and the pair a cycle behind it. Two by two is the fastest of some 20 shapes that were
 * measured in V8: with more sums at once its registers run out.
 */
function twoPairs(
  weights: Float32Array,
  row: number,
  window: number,
  frames: Float32Array,
  at: number,
  cycleIn: number,
  output: Float32Array,
  pair: number,
  cycleOut: number,
): void {
  let first = 0;
  let second = 0;
  let firstBehind = 0;
  let secondBehind = 0;
  let near = at;
  let far = at + cycleIn;
  for (let i = row, end = row + 2 * window; i < end; i += 4) {
    const a = weights[i] as number;
    const b = weights[i + 1] as number;
    const nearFrame = frames[near] as number;
    first += a * nearFrame;
    second += b * nearFrame;
    const farFrame = frames[far] as number;
    firstBehind += a * farFrame;
    secondBehind += b * farFrame;
    const c = weights[i + 2] as number;
    const d = weights[i + 3] as number;
    const nextNear = frames[near + 1] as number;
    first += c * nextNear;
    second += d * nextNear;
    const nextFar = frames[far + 1] as number;
    firstBehind += c * nextFar;
    secondBehind += d * nextFar;
    near += 2;
    far += 2;
  }
  output[2 * pair] = first;
  output[2 * pair + 1] = second;
  output[2 * pair + cycleOut] = firstBehind;
  output[2 * pair + cycleOut + 1] = secondBehind;
}

/** The same sums in the same order, where no pair follows a cycle behind. */
function onePair(
  weights: Float32Array,
  row: number,
  window: number,
  frames: Float32Array,
  at: number,
  output: Float32Array,
  pair: number,
): void {
  let first = 0;
  let second = 0;
  for (let tap = 0; tap < window; tap++) {
    const frame = frames[at + tap] as number;
    first += (weights[row + 2 * tap] as number) * frame;
    second += (weights[row + 2 * tap + 1] as number) * frame;
  }
  output[2 * pair] = first;
  output[2 * pair + 1] = second;
}

/** Rates whose exact phases are too many: between the two next ones by a straight line. */
function convertBetweenPhases(
  filter: Filter,
  frames: Float32Array,
  first: number,
  output: Float32Array,
): void {
  const { cycleIn, cycleOut, taps, phases, weights } = filter;
  const begin = inputOffset(filter, 2 * first);
  for (let i = 0; i < output.length; i++) {
    const place = (2 * first + i) * cycleIn;
    const phase = ((place % cycleOut) / cycleOut) * phases;
    const row = Math.floor(phase);
    const lower = row * taps;
    const upper = lower + taps;
    const at = Math.floor(place / cycleOut) - begin - lower;
    let evenLow = 0;
    let oddLow = 0;
    let evenHigh = 0;
    let oddHigh = 0;
    for (let low = lower, high = upper; low < upper; low += 2, high += 2) {
      let frame = frames[at + low] as number;
      evenLow += (weights[low] as number) * frame;
      evenHigh += (weights[high] as number) * frame;
      frame = frames[at + low + 1] as number;
      oddLow += (weights[low + 1] as number) * frame;
      oddHigh += (weights[high + 1] as number) * frame;
    }
    const low = evenLow + oddLow;
    output[i] = low + (phase - row) * (evenHigh + oddHigh - low);
  }
}

/** Those last used. Songs of more rates than that are hardly played by turns, and a filter is made in some 10 ms. */
const filters = new Map<string, Filter>();
const KEPT_FILTERS = 4;

function filterFor(fromRate: number, toRate: number): Filter {
  const key = `${fromRate}:${toRate}`;
  const filter = filters.get(key) ?? makeFilter(fromRate, toRate);
  filters.delete(key);
  filters.set(key, filter);
  for (const oldest of filters.keys()) if (filters.size > KEPT_FILTERS) filters.delete(oldest);
  return filter;
}

function makeFilter(fromRate: number, toRate: number): Filter {
  const lowerHalf = Math.min(fromRate, toRate) / 2;
  const passband = Math.min(CONVERTER_PASSBAND_HZ, CONVERTER_PASSBAND_SHARE * lowerHalf);
  const width = (lowerHalf - passband) / fromRate;
  const taps = 2 * Math.ceil((CONVERTER_TAPS_BELOW + CONVERTER_TAPS_ABOVE) / width / 2);
  const cutoff = lowerHalf / fromRate - CONVERTER_TAPS_ABOVE / taps;
  const sinc = new WindowedSinc(taps, cutoff, CONVERTER_KAISER_BETA);

  const divisor = greatestCommonDivisor(fromRate, toRate);
  const times = (toRate / divisor) % 2 === 0 ? 1 : 2;
  const cycleIn = (times * fromRate) / divisor;
  const cycleOut = (times * toRate) / divisor;
  const window = 2 * Math.ceil((taps + Math.ceil(cycleIn / cycleOut)) / 2);
  const shape = { cycleIn, cycleOut, taps, window };
  if (cycleOut * window <= CONVERTER_MAX_WEIGHTS) {
    const weights = new Float32Array(cycleOut * window);
    for (let frame = 0; frame < cycleOut; frame++) {
      const second = frame % 2;
      const begin = inputOffset(shape, frame) - inputOffset(shape, frame - second);
      const row = (frame - second) * window;
      for (const [tap, weight] of sinc.weights(((frame * cycleIn) % cycleOut) / cycleOut).entries()) {
        weights[row + 2 * (begin + tap) + second] = weight;
      }
    }
    return { ...shape, isExact: true, phases: 0, weights };
  }
  // The longer the filter, the less it changes from one frame to the next.
  const phases = Math.ceil(CONVERTER_PHASES * Math.min(1, toRate / fromRate));
  const weights = new Float32Array((phases + 1) * taps);
  for (let row = 0; row <= phases; row++) weights.set(sinc.weights(row / phases), row * taps);
  return { ...shape, isExact: false, phases, weights };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
