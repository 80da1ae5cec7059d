// Where in a recording a chirp arrives: correlated with the chirp itself, as an envelope, so that neither the phase that a
// loudspeaker turns nor noise outside of its band counts; between two frames by a parabola. Pure. Frames of the recording.

import { fft, powerOfTwoFrom } from "../fft.ts";

export interface Arrival {
  readonly atFrame: number;
  /** The peak against the middle of all that was looked at: how clearly it was heard. */
  readonly clearness: number;
}

/** Noise alone reaches four in a second of frames; a chirp across a room is above twenty. */
const MIN_CLEARNESS = 8;
/** An echo may be louder than the sound that came first, but not twice as loud and not for long after it. */
const FIRST_SHARE = 0.5;
const ECHO_SEC = 0.03;

export class MatchedFilter {
  readonly #chirp: Float32Array;
  readonly #sampleRate: number;

  constructor(chirp: Float32Array, sampleRate: number) {
    this.#chirp = chirp;
    this.#sampleRate = sampleRate;
  }

  /** The first arrival whose chirp begins within the frames [from, to); null when none is clear. */
  find(recording: Float32Array, fromFrame: number, toFrame: number): Arrival | null {
    const from = Math.max(0, Math.floor(fromFrame));
    const lags = Math.min(recording.length, Math.ceil(toFrame)) - from;
    if (lags < 3) return null;
    const envelope = this.#envelope(recording.subarray(from, from + lags + this.#chirp.length), lags);
    let top = 0;
    for (let lag = 1; lag < lags; lag++) if (at(envelope, lag) > at(envelope, top)) top = lag;
    const middle = Float64Array.from(envelope).sort()[lags >> 1] ?? 0;
    const clearness = at(envelope, top) / Math.max(middle, Number.MIN_VALUE);
    if (clearness < MIN_CLEARNESS) return null;
    const first = this.#firstPeak(envelope, top);
    return { atFrame: from + first + between(envelope, first), clearness };
  }

  /** The earliest peak that is not much lower than the highest: sound that came straight, not from a wall. */
  #firstPeak(envelope: Float64Array, top: number): number {
    const earliest = Math.max(1, top - Math.round(ECHO_SEC * this.#sampleRate));
    for (let lag = earliest; lag < top; lag++) {
      const value = at(envelope, lag);
      const isPeak = value >= at(envelope, lag - 1) && value > at(envelope, lag + 1);
      if (isPeak && value >= FIRST_SHARE * at(envelope, top)) return lag;
    }
    return top;
  }

  /** The size of the analytic correlation at each lag: without the negative frequencies, what is left is the envelope. */
  #envelope(sound: Float32Array, lags: number): Float64Array {
    const length = powerOfTwoFrom(sound.length + this.#chirp.length);
    const [real, imaginary] = spectrum(sound, length);
    const [chirpReal, chirpImaginary] = spectrum(this.#chirp, length);
    for (let bin = 0; bin < length; bin++) {
      const isPositive = bin > 0 && bin < length / 2;
      const [a, b] = [at(real, bin), at(imaginary, bin)];
      const [c, d] = [at(chirpReal, bin), at(chirpImaginary, bin)];
      real[bin] = isPositive ? a * c + b * d : 0;
      imaginary[bin] = isPositive ? b * c - a * d : 0;
    }
    fft(real, imaginary, true);
    return Float64Array.from({ length: lags }, (_, lag) => Math.hypot(at(real, lag), at(imaginary, lag)));
  }
}

function spectrum(sound: Float32Array, length: number): [Float64Array, Float64Array] {
  const real = new Float64Array(length);
  real.set(sound);
  const imaginary = new Float64Array(length);
  fft(real, imaginary);
  return [real, imaginary];
}

/** The top of the parabola through a peak and its neighbours, from -0.5 to 0.5. */
function between(envelope: Float64Array, peak: number): number {
  const [before, here, after] = [at(envelope, peak - 1), at(envelope, peak), at(envelope, peak + 1)];
  const curvature = before - 2 * here + after;
  return curvature < 0 ? Math.min(0.5, Math.max(-0.5, (0.5 * (before - after)) / curvature)) : 0;
}

const at = (values: Float64Array, index: number): number => values[index] ?? 0;
