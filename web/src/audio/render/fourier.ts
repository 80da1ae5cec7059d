// The Fourier transform of one length, a power of four, with its tables made once: four times as fast as audio/fft.ts, which takes any
// power of two. Radix 4, in Stockham's order, so that nothing is reordered. Pure.

export class Fourier {
  readonly #length: number;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #spareReal: Float64Array;
  readonly #spareImaginary: Float64Array;

  constructor(length: number) {
    if (!Number.isInteger(Math.log2(length) / 2)) throw new RangeError(`no power of four: ${length}`);
    this.#length = length;
    const angle = (i: number) => (2 * Math.PI * i) / length;
    this.#cos = Float64Array.from({ length }, (_, i) => Math.cos(angle(i)));
    this.#sin = Float64Array.from({ length }, (_, i) => -Math.sin(angle(i)));
    this.#spareReal = new Float64Array(length);
    this.#spareImaginary = new Float64Array(length);
  }

  /** In place. */
  transform(real: Float64Array, imaginary: Float64Array): void {
    let [fromReal, fromImaginary, toReal, toImaginary] = [
      real,
      imaginary,
      this.#spareReal,
      this.#spareImaginary,
    ];
    for (let span = this.#length / 4, stride = 1; span >= 1; span /= 4, stride *= 4) {
      this.#pass(span, stride, fromReal, fromImaginary, toReal, toImaginary);
      [fromReal, toReal] = [toReal, fromReal];
      [fromImaginary, toImaginary] = [toImaginary, fromImaginary];
    }
    if (fromReal === real) return;
    real.set(fromReal);
    imaginary.set(fromImaginary);
  }

  /** In place; not divided by the length. */
  inverse(real: Float64Array, imaginary: Float64Array): void {
    this.transform(imaginary, real);
  }

  #pass(
    span: number,
    stride: number,
    xr: Float64Array,
    xi: Float64Array,
    yr: Float64Array,
    yi: Float64Array,
  ): void {
    const quarter = span * stride;
    for (let p = 0; p < span; p++) {
      const [cos1, sin1] = [this.#cos[p * stride] as number, this.#sin[p * stride] as number];
      const [cos2, sin2] = [this.#cos[2 * p * stride] as number, this.#sin[2 * p * stride] as number];
      const [cos3, sin3] = [this.#cos[3 * p * stride] as number, this.#sin[3 * p * stride] as number];
      for (let from = stride * p, end = from + stride, to = 4 * stride * p; from < end; from++, to++) {
        const ar = xr[from] as number;
        const ai = xi[from] as number;
        const br = xr[from + quarter] as number;
        const bi = xi[from + quarter] as number;
        const cr = xr[from + 2 * quarter] as number;
        const ci = xi[from + 2 * quarter] as number;
        const dr = xr[from + 3 * quarter] as number;
        const di = xi[from + 3 * quarter] as number;
        yr[to] = ar + cr + (br + dr);
        yi[to] = ai + ci + (bi + di);
        const evenReal = ar + cr - (br + dr);
        const evenImaginary = ai + ci - (bi + di);
        yr[to + 2 * stride] = evenReal * cos2 - evenImaginary * sin2;
        yi[to + 2 * stride] = evenReal * sin2 + evenImaginary * cos2;
        // (a − c) ∓ i (b − d)
        const firstReal = ar - cr + (bi - di);
        const firstImaginary = ai - ci - (br - dr);
        yr[to + stride] = firstReal * cos1 - firstImaginary * sin1;
        yi[to + stride] = firstReal * sin1 + firstImaginary * cos1;
        const thirdReal = ar - cr - (bi - di);
        const thirdImaginary = ai - ci + (br - dr);
        yr[to + 3 * stride] = thirdReal * cos3 - thirdImaginary * sin3;
        yi[to + 3 * stride] = thirdReal * sin3 + thirdImaginary * cos3;
      }
    }
  }
}
