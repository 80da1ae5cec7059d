// Sound at another tempo with its pitch kept, at STRETCH_RATE_HZ, hop by hop from an anchor on. Pure; decision 0042.
//
// The frame of hop k is the spectrum of the song around tempo · k · hop, each bin of it turned by a rotation, and laid around
// k · hop. Rotations go on from frame to frame so that a partial goes on at its own frequency: what the song's own phase gains
// between the frame before and a hop before this frame is what the song is ahead. Neighbouring bins are averaged by their power:
// so the bins of a partial stay together, and what moves to other bins takes its rotation with it. No peak is picked, and nothing
// else decided where decoders that differ by a rounding could differ.
//
// Such a chain of rotations never forgets where it began. So each begins at an anchor, where the song's own phases are its phases, and
// the chain before it is bent to it in the meantime: a partial that arrives turned by an angle is turned back evenly on the way to
// the next anchor. Its frames depend on two anchors before them and on nothing else.
//
// What is new in a bin begins with the song's own phase; at an onset it is turned so that the onset lies at its place in the output in
// every frame that has it.

import {
  STRETCH_ANCHOR_HOPS,
  STRETCH_HOP_FRAMES,
  STRETCH_ONSET_POWER_RATIO,
  STRETCH_QUIET_POWER,
  STRETCH_RISE_POWER_RATIO,
  STRETCH_WINDOW_FRAMES,
} from "../../protocol/constants/audio.gen.ts";
import { Fourier } from "./fourier.ts";
import type { Onsets } from "./onsets.ts";
import type { FrameSource } from "./resample.ts";
import { analysisFrame } from "./stretch-span.ts";

const WINDOW = STRETCH_WINDOW_FRAMES;
const HALF = WINDOW / 2;
const HOP = STRETCH_HOP_FRAMES;
/** From 0 Hz to half the rate. */
const BINS = HALF + 1;
/** How neighbours weigh: a partial has five bins under this window. */
const NEAR = 2 / 3;
const FAR = 1 / 3;
/** Silence on both sides of the bins. */
const MARGIN = 2;
/** Squares of the window sum to 1.5 at this hop. */
const OVERLAP = 1.5;
/** Turns that cancel out to less leave a bin as it was. */
const TINY = 1e-30;

const hann = Float64Array.from(
  { length: WINDOW },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW),
);
const fourier = new Fourier(WINDOW);

/** Two channels as one complex signal. */
class Spectrum {
  readonly real = new Float64Array(WINDOW);
  readonly imaginary = new Float64Array(WINDOW);
}

export class PhaseVocoder {
  readonly #source: FrameSource;
  readonly #onsets: Onsets;
  readonly #tempo: number;
  readonly #channelCount: number;
  #hop = 0;
  /** By pairs of channels: of this frame, the frame before, and a hop of input before this frame. */
  #here: readonly Spectrum[];
  #before: readonly Spectrum[];
  readonly #behind: readonly Spectrum[];
  /** One rotation for all channels, as unit vectors, so that they stay where they are between the loudspeakers. */
  readonly #turnReal = new Float64Array(BINS + 2 * MARGIN);
  readonly #turnImaginary = new Float64Array(BINS + 2 * MARGIN);
  /** By how much the chain before arrived turned, radians: taken back evenly until the next anchor. */
  readonly #rest = new Float64Array(BINS + 2 * MARGIN);
  readonly #gain = new Float64Array(BINS);
  readonly #wantedReal = new Float64Array(BINS + 2 * MARGIN);
  readonly #wantedImaginary = new Float64Array(BINS + 2 * MARGIN);
  readonly #weight = new Float64Array(BINS + 2 * MARGIN);
  readonly #weightedRest = new Float64Array(BINS + 2 * MARGIN);
  readonly #work = new Spectrum();
  readonly #sums: readonly Float64Array[];

  /** `source` is at STRETCH_RATE_HZ and keeps its number of channels. */
  constructor(source: FrameSource, onsets: Onsets, tempo: number) {
    this.#source = source;
    this.#onsets = onsets;
    this.#tempo = tempo;
    this.#channelCount = source.channelCount;
    const spectra = () => Array.from({ length: Math.ceil(this.#channelCount / 2) }, () => new Spectrum());
    this.#here = spectra();
    this.#before = spectra();
    this.#behind = spectra();
    this.#sums = Array.from({ length: this.#channelCount }, () => new Float64Array(WINDOW));
  }

  /** Of the latest frame. */
  get hop(): number {
    return this.#hop;
  }

  /** The rest at the anchor of the latest frame, to begin there another time. */
  get rest(): Float64Array {
    return this.#rest.slice(MARGIN, MARGIN + BINS);
  }

  /** At an anchor whose rest is known, or at any hop, to get to know those behind it. */
  begin(hop: number, rest: Float64Array | null): void {
    this.#hop = hop;
    this.#analyseHop();
    this.#setIn();
    this.#turnReal.fill(1);
    this.#turnImaginary.fill(0);
    this.#rest.fill(0);
    if (rest) this.#rest.set(rest, MARGIN);
  }

  /** To the next frame. */
  advance(): void {
    this.#hop += 1;
    [this.#here, this.#before] = [this.#before, this.#here];
    this.#analyseHop();
    this.#goOn();
    this.#setIn();
    this.#average();
    if (this.#hop % STRETCH_ANCHOR_HOPS === 0) this.#anchor();
  }

  /** Nothing of the frames before is in what is added up from now on. */
  clearSums(): void {
    for (const sum of this.#sums) sum.fill(0);
  }

  /** Adds the latest frame up; returns the hop of output that it completes: the one that begins two hops before it. */
  synthesize(): Float32Array[] {
    const share =
      1 -
      (this.#hop - Math.floor(this.#hop / STRETCH_ANCHOR_HOPS) * STRETCH_ANCHOR_HOPS) / STRETCH_ANCHOR_HOPS;
    this.#wantedReal.fill(0);
    this.#wantedImaginary.fill(0);
    for (let bin = 1; bin < BINS - 1; bin++) {
      const angle = (this.#rest[bin + MARGIN] as number) * share;
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      const real = this.#turnReal[bin + MARGIN] as number;
      const imaginary = this.#turnImaginary[bin + MARGIN] as number;
      const gain = this.#gain[bin] as number;
      this.#wantedReal[bin] = gain * (real * cos - imaginary * sin);
      this.#wantedImaginary[bin] = gain * (real * sin + imaginary * cos);
    }
    this.#wantedReal[0] = this.#gain[0] as number;
    this.#wantedReal[HALF] = this.#gain[HALF] as number;
    return this.#here.flatMap((spectrum, pair) => this.#addUp(spectrum, 2 * pair));
  }

  #addUp({ real, imaginary }: Spectrum, channel: number): Float32Array[] {
    const { real: workReal, imaginary: workImaginary } = this.#work;
    for (let bin = 0; bin <= HALF; bin++) {
      const a = this.#wantedReal[bin] as number;
      const b = this.#wantedImaginary[bin] as number;
      const mirrored = (WINDOW - bin) & (WINDOW - 1);
      const x = real[bin] as number;
      const y = imaginary[bin] as number;
      const mirroredX = real[mirrored] as number;
      const mirroredY = imaginary[mirrored] as number;
      workReal[bin] = x * a - y * b;
      workImaginary[bin] = x * b + y * a;
      workReal[mirrored] = mirroredX * a + mirroredY * b;
      workImaginary[mirrored] = mirroredY * a - mirroredX * b;
    }
    fourier.inverse(workReal, workImaginary);
    return [workReal, workImaginary].flatMap((frames, side) => {
      const sum = this.#sums[channel + side];
      if (!sum) return [];
      for (let i = 0; i < WINDOW; i++) {
        sum[i] = (sum[i] as number) + (frames[i] as number) * ((hann[i] as number) / (OVERLAP * WINDOW));
      }
      const done = Float32Array.from(sum.subarray(0, HOP));
      sum.copyWithin(0, HOP);
      sum.fill(0, WINDOW - HOP);
      return [done];
    });
  }

  #analyseHop(): void {
    const at = analysisFrame(this.#tempo, this.#hop);
    this.#analyse(this.#here, at);
    this.#analyse(this.#behind, at - HOP);
  }

  #analyse(spectra: readonly Spectrum[], at: number): void {
    spectra.forEach(({ real, imaginary }, pair) => {
      const left = this.#source.read(2 * pair, at - HALF, WINDOW);
      for (let i = 0; i < WINDOW; i++) real[i] = (left[i] as number) * (hann[i] as number);
      if (2 * pair + 1 < this.#channelCount) {
        const right = this.#source.read(2 * pair + 1, at - HALF, WINDOW);
        for (let i = 0; i < WINDOW; i++) imaginary[i] = (right[i] as number) * (hann[i] as number);
      } else imaginary.fill(0);
      fourier.transform(real, imaginary);
    });
  }

  /** What is wanted without an onset: the rotations before, times what the song's phase gained, weighed by power. */
  #goOn(): void {
    this.#wantedReal.fill(0);
    this.#wantedImaginary.fill(0);
    this.#before.forEach((before, pair) => {
      const { real: xr, imaginary: xi } = before;
      const { real: yr, imaginary: yi } = this.#behind[pair] as Spectrum;
      for (let bin = 0; bin < BINS; bin++) {
        const mirrored = (WINDOW - bin) & (WINDOW - 1);
        const a = xr[bin] as number;
        const b = xi[bin] as number;
        const c = yr[bin] as number;
        const d = yi[bin] as number;
        const e = xr[mirrored] as number;
        const f = xi[mirrored] as number;
        const g = yr[mirrored] as number;
        const h = yi[mirrored] as number;
        const at = bin + MARGIN;
        // x · conj(y), and of the mirrored bin its conjugate: both channels' parts together.
        this.#wantedReal[at] = (this.#wantedReal[at] as number) + (a * c + b * d + e * g + f * h) / 2;
        this.#wantedImaginary[at] =
          (this.#wantedImaginary[at] as number) + (b * c - a * d - (f * g - e * h)) / 2;
      }
    });
    for (let at = MARGIN; at < BINS + MARGIN; at++) {
      const gainedReal = this.#wantedReal[at] as number;
      const gainedImaginary = this.#wantedImaginary[at] as number;
      const real = this.#turnReal[at] as number;
      const imaginary = this.#turnImaginary[at] as number;
      this.#wantedReal[at] = gainedReal * real - gainedImaginary * imaginary + STRETCH_QUIET_POWER;
      this.#wantedImaginary[at] = gainedReal * imaginary + gainedImaginary * real;
      const weight = Math.sqrt(gainedReal * gainedReal + gainedImaginary * gainedImaginary);
      this.#weight[at] = weight + STRETCH_QUIET_POWER;
      this.#weightedRest[at] = weight * (this.#rest[at] as number);
    }
  }

  /** What is new. Where it is an onset that lies beyond this frame of output, what is new is left out. */
  #setIn(): void {
    this.#gain.fill(1);
    const onset = this.#onsets.distanceFrom(analysisFrame(this.#tempo, this.#hop), HALF);
    const distance = onset ?? 0;
    const ratio = onset === null ? STRETCH_RISE_POWER_RATIO : STRETCH_ONSET_POWER_RATIO;
    const shift = (distance * (100 - this.#tempo)) / this.#tempo;
    const isInside = Math.abs(distance + shift) < HALF;
    // Behind the onset its sound goes on as any other.
    if (!isInside && distance <= 0) return;
    for (let bin = 0; bin < BINS; bin++) {
      const power = powerOf(this.#here, bin);
      const old = ratio * powerOf(this.#behind, bin);
      if (power <= old) continue;
      if (!isInside) {
        this.#gain[bin] = Math.sqrt(old / power);
        continue;
      }
      const angle = (-2 * Math.PI * bin * shift) / WINDOW;
      const at = bin + MARGIN;
      this.#wantedReal[at] = (this.#wantedReal[at] as number) + (power - old) * Math.cos(angle);
      this.#wantedImaginary[at] = (this.#wantedImaginary[at] as number) + (power - old) * Math.sin(angle);
      this.#weight[at] = (this.#weight[at] as number) + (power - old);
    }
  }

  /** What is new, or below what is quiet, brings no rest along. */
  #average(): void {
    for (let at = MARGIN; at < BINS + MARGIN; at++) {
      const real = around(this.#wantedReal, at);
      const imaginary = around(this.#wantedImaginary, at);
      const length = Math.sqrt(real * real + imaginary * imaginary);
      if (length > TINY) {
        this.#turnReal[at] = real / length;
        this.#turnImaginary[at] = imaginary / length;
      }
      this.#rest[at] = around(this.#weightedRest, at) / around(this.#weight, at);
    }
  }

  #anchor(): void {
    let last = 0;
    for (let at = MARGIN; at < BINS + MARGIN; at++) {
      const angle = Math.atan2(this.#turnImaginary[at] as number, this.#turnReal[at] as number);
      // The bins of a partial that is turned by half a turn go back the same way.
      const turned = angle - last > Math.PI ? -1 : angle - last < -Math.PI ? 1 : 0;
      const near = angle + turned * 2 * Math.PI;
      last = Math.abs(near) > 1.5 * Math.PI ? angle : near;
      this.#rest[at] = last;
    }
    this.#turnReal.fill(1);
    this.#turnImaginary.fill(0);
  }
}

/** Of all channels. */
function powerOf(spectra: readonly Spectrum[], bin: number): number {
  let power = 0;
  const mirrored = (WINDOW - bin) & (WINDOW - 1);
  for (const { real, imaginary } of spectra) {
    const [a, b] = [real[bin] as number, imaginary[bin] as number];
    const [c, d] = [real[mirrored] as number, imaginary[mirrored] as number];
    power += (a * a + b * b + c * c + d * d) / 2;
  }
  return power;
}

const around = (values: Float64Array, at: number): number =>
  FAR * ((values[at - 2] as number) + (values[at + 2] as number)) +
  NEAR * ((values[at - 1] as number) + (values[at + 1] as number)) +
  (values[at] as number);
