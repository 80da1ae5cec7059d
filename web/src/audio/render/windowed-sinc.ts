// What both kinds of resampling are made of: a low-pass, as weights of the frames around a place between two of them, and those
// frames. The low-pass is a sinc under a Kaiser window. Pure arithmetic.

/** `length` frames from `from` on, with silence outside of `frames`; not to be altered, as it may be a view. */
export function stretch(frames: Float32Array, from: number, length: number): Float32Array {
  if (from >= 0 && from + length <= frames.length) return frames.subarray(from, from + length);
  const padded = new Float32Array(length);
  const begin = Math.max(0, from);
  if (from + length > begin && begin < frames.length) {
    padded.set(frames.subarray(begin, from + length), begin - from);
  }
  return padded;
}

/** A filter of an even number of taps whose cut-off is a share of the sample rate. */
export class WindowedSinc {
  readonly #taps: number;
  readonly #cutoff: number;
  readonly #beta: number;
  readonly #peak: number;

  constructor(taps: number, cutoff: number, beta: number) {
    this.#taps = taps;
    this.#cutoff = cutoff;
    this.#beta = beta;
    this.#peak = bessel0(beta);
  }

  /**
   * For a place that lies `fraction` of a frame behind one frame: taps / 2 up to that frame, and as many behind it. They sum to
   * 1, so that a constant stays constant.
   */
  weights(fraction: number): Float64Array {
    const half = this.#taps / 2;
    const weights = new Float64Array(this.#taps);
    let sum = 0;
    for (let tap = 0; tap < this.#taps; tap++) {
      const distance = tap - (half - 1) - fraction;
      const weight = sinc(2 * this.#cutoff * distance) * this.#kaiser(distance / half);
      weights[tap] = weight;
      sum += weight;
    }
    return weights.map((weight) => weight / sum);
  }

  #kaiser(x: number): number {
    return Math.abs(x) >= 1 ? 0 : bessel0(this.#beta * Math.sqrt(1 - x * x)) / this.#peak;
  }
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel0(x: number): number {
  const quarter = (x * x) / 4;
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-16; k++) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}
