// Tones of 32-bit floats, and what is left of them after something was done to them.

export function makeTone(hz: number, sampleRate: number, frames: number): Float32Array {
  return Float32Array.from({ length: frames }, (_, i) => Math.sin((2 * Math.PI * hz * i) / sampleRate));
}

/** The tone of this frequency that fits `samples` best: its level against 1, and against all that it leaves of them. */
export function fitTone(
  samples: Float32Array,
  hz: number,
  sampleRate: number,
): { gainDb: number; snrDb: number } {
  // Normal equations of a · cos + b · sin.
  let [cc, cs, ss, xc, xs, xx] = [0, 0, 0, 0, 0, 0];
  samples.forEach((x, i) => {
    const angle = (2 * Math.PI * hz * i) / sampleRate;
    const c = Math.cos(angle);
    const s = Math.sin(angle);
    cc += c * c;
    cs += c * s;
    ss += s * s;
    xc += x * c;
    xs += x * s;
    xx += x * x;
  });
  const determinant = cc * ss - cs * cs;
  const a = (xc * ss - xs * cs) / determinant;
  const b = (xs * cc - xc * cs) / determinant;
  // Summed apart: the difference of two nearly equal powers would be all rounding.
  const noise = samples.reduce((sum, x, i) => {
    const angle = (2 * Math.PI * hz * i) / sampleRate;
    return sum + (x - a * Math.cos(angle) - b * Math.sin(angle)) ** 2;
  }, 0);
  return { gainDb: 10 * Math.log10(a * a + b * b), snrDb: 10 * Math.log10((xx - noise) / noise) };
}

/** The level of `samples` against a tone of amplitude 1, dB. */
export function levelDb(samples: Float32Array): number {
  return 10 * Math.log10((2 * samples.reduce((sum, x) => sum + x * x, 0)) / samples.length);
}
