// The fast Fourier transform, radix 2, in place, on separate real and imaginary parts whose length is a power of two. Pure.
// The inverse is not divided by the length: whoever looks for the largest of many values needs no scale.

export function fft(real: Float64Array, imaginary: Float64Array, isInverse = false): void {
  const length = real.length;
  reorder(real, imaginary);
  for (let half = 1; half < length; half *= 2) {
    const angle = ((isInverse ? 1 : -1) * Math.PI) / half;
    const [stepReal, stepImaginary] = [Math.cos(angle), Math.sin(angle)];
    let [turnReal, turnImaginary] = [1, 0];
    for (let offset = 0; offset < half; offset++) {
      for (let low = offset; low < length; low += 2 * half) {
        const high = low + half;
        const [highReal, highImaginary] = [real[high] as number, imaginary[high] as number];
        const productReal = highReal * turnReal - highImaginary * turnImaginary;
        const productImaginary = highReal * turnImaginary + highImaginary * turnReal;
        real[high] = (real[low] as number) - productReal;
        imaginary[high] = (imaginary[low] as number) - productImaginary;
        real[low] = (real[low] as number) + productReal;
        imaginary[low] = (imaginary[low] as number) + productImaginary;
      }
      const next = turnReal * stepReal - turnImaginary * stepImaginary;
      turnImaginary = turnReal * stepImaginary + turnImaginary * stepReal;
      turnReal = next;
    }
  }
}

/** Each value goes to the place whose number is its own with the bits reversed. */
function reorder(real: Float64Array, imaginary: Float64Array): void {
  for (let from = 1, to = 0; from < real.length; from++) {
    let bit = real.length >> 1;
    for (; to & bit; bit >>= 1) to ^= bit;
    to ^= bit;
    if (from >= to) continue;
    [real[from], real[to]] = [real[to] as number, real[from] as number];
    [imaginary[from], imaginary[to]] = [imaginary[to] as number, imaginary[from] as number];
  }
}

export function powerOfTwoFrom(length: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, length)));
}
